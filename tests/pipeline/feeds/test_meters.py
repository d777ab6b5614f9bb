"""Counts, rates and percentiles."""

import pytest

from cameras import Mark
from pipeline.feeds.meters import COUNTS, STAGE_BOUNDS_S, Counters, Latency, Rate, StreamCounts, wait_of, waited_s


def test_everything_is_counted_from_zero() -> None:
    counters = Counters()
    counters.add("decoded")
    counters.add("dropped", 3)
    counters.add_inferences("coco", 2)
    assert counters.summary() == dict.fromkeys(COUNTS, 0) | {"decoded": 1, "dropped": 3, "inferences": {"coco": 2}}
    assert (counters["dropped"], counters.inferences) == (3, {"coco": 2})


def test_an_unknown_count_raises() -> None:
    with pytest.raises(ValueError, match="'decode' is not counted; known: decoded"):
        Counters().add("decode")


def test_the_frames_of_streams_are_counted_by_codec_and_by_who_has_coded_them() -> None:
    counters = Counters()
    assert counters.streams == {}
    counters.add_stream_frame("h264", 900, is_key=True, passthrough=False)
    counters.add_stream_frame("h264", 100, is_key=False, passthrough=False)
    counters.add_stream_frame("h264", 50, is_key=True, passthrough=True)
    assert counters.streams == {("h264", False): StreamCounts(2, 1, 1000), ("h264", True): StreamCounts(1, 1, 50)}


def test_a_rate_covers_the_last_seconds() -> None:
    now = 0.0
    rate = Rate(lambda: now)
    rate.tick()
    rate.tick()
    assert rate.per_second is None, "the span is too short"
    now += 60
    for _ in range(31):
        rate.tick()
        now += 0.1
    assert rate.per_second == pytest.approx(10.0)
    now += 60
    assert rate.per_second is None, "long ago"


def test_two_records_make_a_rate() -> None:
    now = 0.0
    rate = Rate(lambda: now)
    rate.tick()
    now += 2
    assert rate.per_second is None
    rate.tick()
    assert rate.per_second == 0.5


def test_a_rate_records_several_events_at_once() -> None:
    now = 0.0
    rate = Rate(lambda: now)
    for number in (5, 0, 3, 3, 0):
        rate.tick(number)
        now += 1
    assert rate.per_second == 2.0, "six in the three seconds since the first; 0 records nothing"


def test_percentiles_cover_the_newest_samples_in_milliseconds() -> None:
    latency = Latency()
    for number in range(1, 1001):
        latency.add("encode", number / 1000)
    assert latency.summary() == {"encode": {"p50": 873.0, "p95": 988.0}}
    assert Latency().summary() == {}


def test_histograms_cover_all_samples() -> None:
    latency = Latency()
    for number in range(1, 1001):
        latency.add("encode", number / 1000)
    latency.add("send", 2.0)
    bounds, counts, total = latency.histograms["encode"]
    assert bounds == STAGE_BOUNDS_S
    assert counts == (1, 1, 3, 5, 10, 30, 50, 100, 300, 500, 0)
    assert total == pytest.approx(500.5)
    assert latency.histograms["send"].counts[-1] == 1


def test_a_frame_has_waited_for_each_thread_of_its_own_camera() -> None:
    stages = [
        ("captured", 1.0),
        ("source", 1.5),
        ("wall wait", 1.7),
        ("wall", 2.0),
        ("porch wait", 2.25),
        ("porch", 3.0),
    ]
    trace = [Mark(stage, at_s) for stage, at_s in [*stages, (wait_of("porch"), 3.5)]]
    assert waited_s(trace, "porch") == pytest.approx(0.75)
    assert waited_s(trace, "wall") == pytest.approx(0.2)
    assert waited_s(trace[:1], "porch") == waited_s((), "porch") == 0.0
