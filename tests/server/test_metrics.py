"""Measurements of a running server, as Prometheus gets them."""

from __future__ import annotations

import asyncio
import gzip
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse

from server.core.requests.refusals import COUNTED
from streams import EncodedFrame

from ..offers import OFFER, SDP
from .conftest import check_threads, threads_now
from .served import CAMERAS, FOUND, Served, encoded, limited

MODELS = Path(__file__).parents[2] / "configs" / "models"
MODEL = f"{{model_path: {MODELS}/shapes_detector.tflite, label_path: {MODELS}/shapes.txt}}"
TEXT = f"""{CAMERAS.rstrip()}
{FOUND.strip(chr(10))}
  - {{name: things, type: vision, model: mlmodel, attributes: {MODEL}}}
"""

Samples = dict[tuple[str, tuple[str, ...]], float]


class Sink:
    """Takes the frames of a stream on the thread of its encoder."""

    def __init__(self) -> None:
        self.loop: asyncio.AbstractEventLoop | None = None
        self.came = threading.Semaphore(0)

    def push(self, frame: EncodedFrame) -> bool:
        self.came.release()
        return True

    def end(self) -> None:
        pass


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """A server whose camera ``found`` was watched, and whose model has seen one picture."""
    before = threads_now()
    with Served(tmp_path_factory.mktemp("metrics"), TEXT) as running:
        assert running.client.post("/api/vision/things/detections", content=encoded()).status_code == 200
        sink, feed = Sink(), running.running.graph.feeds["found"]
        watched = running.running.encoders.subscribe(feed, "vp8", sink)
        for _ in range(3):  # when the third comes, the first two were delivered to all
            assert sink.came.acquire(timeout=20)
        watched.close()
        yield running
    check_threads(before)


def samples(served: Served, path: str = "/metrics", **headers: str) -> Samples:
    """Return the value of each sample, by its name and the values of its labels."""
    text = served.client.get(path, headers=headers).text
    return {
        (sample.name, tuple(sample.labels.values())): sample.value
        for family in parse(text)
        for sample in family.samples
    }


def test_frames_are_counted_on_each_edge(served: Served) -> None:
    counters = {each["name"]: each["counters"] for each in served.client.get("/api/cameras").json()}
    found = samples(served)
    for camera, source in (("still", ""), ("found", "still")):
        for count in ("frames_in", "frames_out", "dropped", "shed"):
            name = f"camweave_{count if count.startswith('frames') else f'frames_{count}'}_total"
            assert found[name, (camera, source)] >= counters[camera][count]
    assert found["camweave_frames_out_total", ("found", "still")] >= 2
    assert found["camweave_frames_encoded_total", ("found",)] >= 2
    assert found["camweave_frames_in_total", ("gone", "")] == 0
    assert found["camweave_camera_state", ("seen", "idle")] == 1
    assert found["camweave_camera_state", ("seen", "running")] == 0
    assert found["camweave_camera_last_frame_timestamp_seconds", ("found",)] > 1.7e9


def test_each_stage_up_to_the_socket_has_a_histogram(served: Served) -> None:
    found = samples(served)
    stages = [labels[1] for name, labels in found if name == "camweave_stage_seconds_count" and labels[0] == "found"]
    assert set(stages) == {"source", "wait", "0 detections", "line", "paint", "encode", "send", "total"}
    for stage in stages:
        count = found["camweave_stage_seconds_count", ("found", stage)]
        assert count >= 1
        assert found["camweave_stage_seconds_bucket", ("found", stage, "+Inf")] == count
    assert 0 < found["camweave_stage_seconds_sum", ("found", "encode")] < 10


def test_shared_streams_are_counted_by_codec_and_outlast_their_viewers(served: Served) -> None:
    found, stream = samples(served), ("found", "vp8", "false")
    assert found["camweave_stream_frames_total", stream] >= 2
    assert found["camweave_stream_key_frames_total", stream] >= 1
    assert found["camweave_stream_bytes_total", stream] > 50
    assert found["camweave_encoders", stream] == 0


def test_viewers_are_counted_by_camera_and_kind(served: Served) -> None:
    viewers = ("camweave_viewers", ("still", "webrtc"))
    assert samples(served)[viewers] == 0
    answer = served.client.post("/whep/still", content=OFFER, headers=SDP)
    found = samples(served)
    assert found[viewers] == 1
    assert found["camweave_viewers_bytes_per_second", ("still", "webrtc")] == 0
    assert ("camweave_viewers_loss_ratio", ("still", "webrtc")) not in found, "nobody has reported any"
    assert found["camweave_sent_packets_total", ("still", "webrtc")] == 0
    assert served.client.delete(answer.headers["location"]).status_code == 200
    assert samples(served)[viewers] == 0
    assert not any("secret" in labels for name, labels in found if name == viewers[0]), "nobody watches private cameras"


def test_what_viewers_of_each_kind_got_is_counted_and_outlasts_them(served: Served) -> None:
    url = served.client.base_url.join("/api/cameras/still/stream.mjpg")
    with httpx.stream("GET", url, trust_env=False) as answer:
        parts = answer.iter_raw()  # the end of this iterator would end the answer
        got = len(next(parts))
        assert samples(served)["camweave_viewers", ("still", "mjpeg")] == 1
    found = samples(served)
    assert found["camweave_sent_bytes_total", ("still", "mjpeg")] >= got
    assert found["camweave_skipped_frames_total", ("still", "mjpeg")] >= 0
    assert ("camweave_sent_packets_total", ("still", "mjpeg")) not in found, "it has none"
    assert not any("flv" in labels for name, labels in found if name == "camweave_sent_bytes_total"), "nobody came"


def test_inferences_and_model_loads_are_counted(served: Served) -> None:
    found, model = samples(served), ("shapes_detector.tflite",)
    assert found["camweave_inferences_total", ("found", "red")] >= 1
    assert found["camweave_inference_seconds_count", ("things",)] == 1
    assert 0 < found["camweave_inference_seconds_sum", ("things",)] < 30
    assert found["camweave_model_loads_total", model] >= 1
    assert found["camweave_model_load_seconds_total", model] > 0
    assert found["camweave_model_load_failures_total", model] == 0
    assert found["camweave_model_copies", model] >= 0
    assert found["camweave_hanging_services", ()] == 0
    assert not any("batch" in name for name, _ in found), "no model runs several pictures at once"


def test_what_limits_refuse_is_counted(served: Served) -> None:
    before = samples(served)
    assert {labels for name, labels in before if name == "camweave_refusals_total"} == {(limit,) for limit in COUNTED}
    refused = {"viewers": 503, "viewers_per_camera": 503, "viewers_per_address": 429, "pending_offers": 503}
    for limit, status in refused.items():
        with limited(served, **{limit: 0}):
            assert served.client.post("/whep/still", content=OFFER, headers=SDP).status_code in (status, 429)
    with limited(served, bodies=0):
        assert served.client.post("/api/vision/red/detections", content=encoded()).status_code == 503
    with limited(served, bodies_per_address=0):
        assert served.client.post("/api/vision/red/detections", content=encoded()).status_code == 429
    with limited(served, body_bytes=10):
        assert served.client.post("/api/vision/red/detections", content=encoded()).status_code in (413, 429, 503)
    after = samples(served)
    grown = {labels[0]: after[name, labels] - before[name, labels] for name, labels in before if "refusals" in name}
    assert {limit: grown[limit] for limit in (*refused, "bodies", "bodies_per_address")} == {
        **dict.fromkeys(refused, 1),
        "bodies": grown["bodies"],
        "bodies_per_address": grown["bodies_per_address"],
    }
    assert min(grown["bodies"], grown["bodies_per_address"]) >= 1


def test_responses_are_counted_by_status(served: Served) -> None:
    before = samples(served)
    for path in ("/api/cameras/none", "/api/cameras/none/image", "/nowhere"):
        assert served.client.get(path).status_code == 404
    after, missing, found = samples(served), ("404",), ("200",)
    name = "camweave_http_responses_total"
    assert after[name, missing] - before.get((name, missing), 0) == 3
    assert after[name, found] - before[name, found] >= 1, "that of the first question for measurements"


def test_the_program_is_described(served: Served) -> None:
    found = samples(served)
    ((version, python),) = [labels for name, labels in found if name == "camweave_build_info"]
    assert version and re.fullmatch(r"3\.\d+\.\d+\S*", python)
    assert found["camweave_event_loop_longest_standstill_seconds", ()] > 0
    assert found["camweave_process_cpu_seconds_total", ()] > 0
    assert found["camweave_process_resident_memory_bytes", ()] > 1e7
    assert found["camweave_wrong_tokens_total", ()] == 0


@pytest.mark.parametrize(
    ("accept", "media_type"),
    [
        (None, "text/plain; version=0.0.4; charset=utf-8"),
        ("*/*", "text/plain; version=0.0.4; charset=utf-8"),
        ("text/plain;version=0.0.4", "text/plain; version=0.0.4; charset=utf-8"),
        (
            "application/openmetrics-text;version=1.0.0;q=0.5,text/plain;version=0.0.4;q=0.3,*/*;q=0.2",
            "application/openmetrics-text; version=1.0.0; charset=utf-8",
        ),
    ],
)
def test_the_format_is_that_which_the_client_prefers(served: Served, accept: str | None, media_type: str) -> None:
    answer = served.client.get("/metrics", headers={} if accept is None else {"Accept": accept})
    assert answer.headers["content-type"] == media_type
    assert answer.headers["vary"] == "Accept, Accept-Encoding"
    found = list(parse_open(answer.text) if "openmetrics" in media_type else parse(answer.text))  # type: ignore[no-untyped-call]
    assert {family.name for family in found} >= {"camweave_stage_seconds", "camweave_frames_in"}
    assert all(sample.name.startswith("camweave_") for family in found for sample in family.samples)


def test_an_answer_is_compressed_for_those_who_can_read_that(served: Served) -> None:
    url, sizes = served.client.base_url.join("/metrics"), {}
    for coding in ("gzip", "identity", "gzip;q=0"):
        with httpx.stream("GET", url, headers={"Accept-Encoding": coding}, trust_env=False) as answer:
            assert answer.headers.get("content-encoding") == ("gzip" if coding == "gzip" else None)
            body = b"".join(answer.iter_raw())
            sizes[coding] = len(body)
            assert b"camweave_build_info" in (gzip.decompress(body) if coding == "gzip" else body)
    assert sizes["gzip"] < sizes["identity"] / 4
    assert served.client.head("/metrics").content == b""


def test_a_token_for_some_cameras_sees_these_only(tmp_path: Path) -> None:
    tokens = '["all-of-it-all-of-it", {name: one, token: one-one-one-one-one, rights: [view], cameras: [found]}]'
    with Served(tmp_path, f"{TEXT}server: {{tokens: {tokens}}}\n") as served:
        all_of_it = samples(served, Authorization="Bearer all-of-it-all-of-it")
        one = samples(served, Authorization="Bearer one-one-one-one-one")
        assert served.client.get("/metrics", headers={"Authorization": "Bearer wrong-wrong-wrong"}).status_code == 401
        assert samples(served, Authorization="Bearer one-one-one-one-one")["camweave_wrong_tokens_total", ()] == 1
    cameras = {"still", "seen", "secret", "gone", "found"}
    assert {label for _, labels in all_of_it for label in labels if label in cameras} == cameras
    assert {label for _, labels in one for label in labels if label in cameras} == {"found"}
    assert ("camweave_frames_in_total", ("found", "")) in one, "not even by what its source is called"
    assert ("camweave_inference_seconds_count", ("things",)) not in one


def test_promtool_has_nothing_to_say(served: Served) -> None:
    command = shutil.which("promtool")
    if command is None:
        pytest.skip("needs promtool: apt-get install prometheus")
    text = served.client.get("/metrics").text
    done = subprocess.run([command, "check", "metrics"], input=text, capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")
