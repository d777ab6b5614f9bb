"""Shared encoders: one for all sinks with equal keys, with sinks of any kind and frames of any producer."""

from __future__ import annotations

import asyncio
import itertools
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import av
import cv2
import numpy as np
import pytest

from cameras import BoundingBox, CameraError, CaptureClock, Detection, Frame, Mark
from pipeline import Feed, StreamConfig
from pipeline.producers.line import Line
from pipeline.producers.source import Source
from pipeline.producers.step import Row
from streams import EncodedFrame, EncoderKey, EncoderPool, SharedEncoder, Subscription, VideoEncoder, VideoPacket
from streams.encoding import CodecName, JpegOptions
from streams.encoding.keyframes import PAUSE_S
from streams.encoding.shared_encoder import REPEAT_DELAY_S, MakeEncoder
from tests.fakes import FakeCamera, FakeClock
from tests.pipeline.builders import camera_config
from tests.streams.fakes import FakeGraph, fake_graph, picture
from transforms import NoAttributes, Transform


class Recorder:
    """A small sink, called on the encoder's thread by default, as a recorder or an MJPEG stream would be."""

    def __init__(self, loop: asyncio.AbstractEventLoop | None = None) -> None:
        self.loop = loop
        self.frames: list[EncodedFrame] = []
        self.threads: set[str] = set()
        self.keeps_up = True
        self.ended = threading.Event()
        self.came = threading.Semaphore(0)

    def push(self, frame: EncodedFrame) -> bool:
        self.threads.add(threading.current_thread().name)
        if self.keeps_up:
            self.frames.append(frame)
        self.came.release()
        return self.keeps_up

    def end(self) -> None:
        self.ended.set()

    def next(self) -> EncodedFrame:
        assert self.came.acquire(timeout=5)
        return self.frames[-1]


class Running:
    """A pool with its clock, and a camera ``porch`` that gets its frames one by one."""

    def __init__(self, graph: FakeGraph, make: MakeEncoder | None) -> None:
        self.graph = graph
        self.clock = FakeClock()
        self.feed = graph.feeds["porch"]
        self.pool = EncoderPool(make, self.clock.monotonic)

    def give(self, *numbers: int) -> None:
        self.graph.cameras["porch"].give(*(picture(number) for number in numbers))

    def join(self, sink: Recorder | None = None, *, annotations: bool = False) -> tuple[Recorder, Subscription]:
        sink = sink or Recorder()
        return sink, self.pool.subscribe(self.feed, "h264", sink, annotations=annotations)


@contextmanager
def running(make: MakeEncoder | None = None) -> Iterator[Running]:
    with fake_graph("porch") as graph:
        run = Running(graph, make)
        try:
            yield run
        finally:
            run.pool.close()
            assert encoders() == []


def encoders() -> list[str]:
    return sorted(thread.name for thread in threading.enumerate() if thread.name.startswith("encoder"))


def test_all_sinks_get_the_same_packets_of_one_encoding() -> None:
    with running() as run:
        sinks = [run.join()[0] for _ in range(3)]
        run.give(0)
        packets = [sink.next() for sink in sinks]
        assert packets[0].is_key_frame
        assert packets[0] is packets[1] is packets[2]
        assert sinks[0].threads == {"encoder porch h264"}
        assert run.feed.counters["encoded"] == 1
        assert run.pool.encoders("porch") == [
            {
                "codec": "h264",
                "rung": "160x120",
                "annotations": False,
                "passthrough": False,
                "frames": 1,
                "key_frames": 1,
                "bitrate": packets[0].size * 4,
            }
        ]
        assert run.pool.encoders("yard") == []
        assert run.pool.running() == {("porch", "h264", False): 1}
        run.give(1)
        sinks[0].next()  # by now, the first one has been delivered to all
        assert set(run.feed.latency.summary()) == {"source", "wait", "encode", "send", "total"}
        assert [mark.stage for mark in packets[0].trace] == ["captured", "source", "porch wait", "encoded"]


def test_all_streams_of_a_camera_share_the_event_of_a_frame() -> None:
    with running() as run:
        sinks = [Recorder(), Recorder()]
        codecs: tuple[CodecName, ...] = ("h264", "vp8")
        subscriptions = [run.pool.subscribe(run.feed, codec, sink) for codec, sink in zip(codecs, sinks, strict=True)]
        box = Detection("dog", 0.9, box=BoundingBox(0, 0, 1, 1))
        run.graph.cameras["porch"].give(picture(0).with_annotations([box], new_result=True))
        one, other = (sink.next().event for sink in sinks)
        assert one is other and one is not None
        assert (one.camera, one.sequence, one.annotations, one.new_result) == ("porch", 0, (box,), True)
        assert not {"json", "short_text"} & set(vars(one)), "nobody wants it yet"
        subscriptions[0].want_events()
        run.give(1)
        told = sinks[0].next().event
        assert told is not None and {"json", "short_text"} <= set(vars(told)), "not left to an event loop"
        for subscription in subscriptions:
            subscription.close()


def test_a_frame_keeps_the_clock_of_its_capture() -> None:
    with running() as run:
        sink, _ = run.join()
        clocks: tuple[CaptureClock, ...] = ("arrival", "camera")
        for number, clock in enumerate(clocks):
            run.graph.cameras["porch"].give(replace(picture(number), captured_at=1234.5, capture_clock=clock))
            frame = sink.next()
            assert (frame.captured_at, frame.capture_clock) == (1234.5, clock)


@pytest.mark.anyio
async def test_sinks_of_a_loop_are_called_in_it_in_one_wake_up_per_frame() -> None:
    loop = asyncio.get_running_loop()
    calls, pushed = list[object](), asyncio.Event()

    class InLoop(Recorder):
        def push(self, frame: EncodedFrame) -> bool:
            pushed.set()
            return super().push(frame)

    with running() as run:
        sinks = [run.join(InLoop(loop))[0] for _ in range(5)]
        original = loop.call_soon_threadsafe

        def counted(*args: Any, **kwargs: Any) -> asyncio.Handle:
            calls.append(args[0])
            return original(*args, **kwargs)

        loop.call_soon_threadsafe = counted  # type: ignore[method-assign, assignment]
        try:
            run.give(0)
            await pushed.wait()
        finally:
            loop.call_soon_threadsafe = original  # type: ignore[method-assign]
        assert len(calls) == 1
        assert [sink.frames for sink in sinks] == [sinks[0].frames] * 5
        assert {name for sink in sinks for name in sink.threads} == {threading.current_thread().name}


def test_a_late_sink_gets_a_key_frame_after_the_pause() -> None:
    with running() as run:
        first, _ = run.join()
        run.give(0)
        assert first.next().is_key_frame
        late, _ = run.join()
        run.give(1)
        assert not first.next().is_key_frame
        assert late.frames == []
        run.clock.advance(PAUSE_S)
        run.give(2)
        packet = late.next()
        assert packet.is_key_frame
        assert first.next() is packet
        assert run.pool.encoders("porch")[0]["key_frames"] == 2


def test_many_requests_give_one_key_frame() -> None:
    with running() as run:
        sink, subscription = run.join()
        run.give(0)
        sink.next()
        run.clock.advance(PAUSE_S)
        for _ in range(20):
            subscription.request_key_frame()
        run.give(1)
        assert sink.next().is_key_frame
        run.clock.advance(0.1)
        run.give(2)
        assert not sink.next().is_key_frame


def test_a_slow_sink_continues_with_the_next_key_frame() -> None:
    with running() as run:
        slow, _ = run.join()
        other, _ = run.join()
        run.give(0)
        slow.next()
        other.next()
        slow.keeps_up = False
        run.clock.advance(PAUSE_S)  # later the last frame would be repeated for the request
        run.give(1)
        other.next()
        slow.next()
        slow.keeps_up = True
        run.give(2)
        assert other.next().is_key_frame, "the slow sink requested one"
        assert slow.next() is other.frames[-1]
        assert len(slow.frames) == 2


def test_a_gap_shows_in_the_pts_of_the_next_packet() -> None:
    def captured(number: int, at_s: float) -> Frame:
        return replace(picture(number), trace=(Mark("captured", at_s),))

    with running() as run:
        lost, found = FakeCamera("porch"), FakeCamera("porch")
        cameras = iter((lost, found))
        source = Source("porch", cameras.__next__, run.graph.clock, run.feed.reports)
        run.feed.produce(camera_config("porch"), source)
        sink, _ = run.join()
        lost.give(captured(0, 100.0), CameraError("the cable was pulled"))
        before = sink.next()
        found.give(captured(7, 190.0))
        after = sink.next()
        assert (lost.opened, found.opened, len(sink.frames)) == (1, 1, 2)
        assert after.pts == before.pts + 90 * 90_000
        assert not sink.ended.is_set()


def test_a_failing_sink_is_removed_and_the_others_stay(caplog: pytest.LogCaptureFixture) -> None:
    class Broken(Recorder):
        def push(self, frame: EncodedFrame) -> bool:
            raise OSError("disk full")

    with running() as run:
        run.join(Broken())
        sink, _ = run.join()
        for number in range(2):
            run.give(number)
            sink.next()
    assert caplog.messages == ["camera porch: a sink failed and is removed"]


def test_the_last_frame_is_repeated_for_a_sink_that_joins_between_frames() -> None:
    with running() as run:
        first, _ = run.join()
        run.give(0)
        start = first.next()
        run.clock.advance(PAUSE_S + 1.5)
        late, subscription = run.join()
        run.clock.advance(REPEAT_DELAY_S)
        # The test advances the pool's clock by hand, so it also has to wake the encoder.
        encoder = subscription.encoder
        assert isinstance(encoder, SharedEncoder) and encoder._run is not None
        encoder._run.wake()
        packet = late.next()
        assert packet.is_key_frame
        assert packet.pts - start.pts == round((PAUSE_S + 1.5 + REPEAT_DELAY_S) * 90_000)
        assert start.event is not None and packet.event is not None
        assert packet.event.pts_s - start.event.pts_s == pytest.approx(packet.pts_s - start.pts_s)
        assert packet.event.sequence == start.event.sequence


class Failing(VideoEncoder):
    """An encoder that fails for one frame and sets an event."""

    def __init__(self, failed: threading.Event) -> None:
        super().__init__("h264")
        self._failed = failed

    def encode(self, frame: Frame, *, key: bool = False, later_s: float = 0.0) -> list[VideoPacket]:
        if frame.pts == 1:
            self._failed.set()
            raise av.error.ExternalError(1, "it broke")
        return super().encode(frame, key=key, later_s=later_s)


def test_a_failing_encoder_is_counted_reported_and_replaced(caplog: pytest.LogCaptureFixture) -> None:
    failed, made = threading.Event(), list[VideoEncoder]()

    def make(feed: Feed, key: EncoderKey) -> VideoEncoder:
        made.append(Failing(failed))
        return made[-1]

    with running(make) as run:
        sink, _ = run.join()
        run.give(0)
        sink.next()
        run.give(1)
        assert failed.wait(5)
        run.give(2)
        packet = sink.next()
        assert packet.is_key_frame and packet.pts == 6000
        assert len(made) == 2
        assert run.feed.counters["errors"] == 1
    assert "camera porch: its h264 encoder failed (" in caplog.text


def test_readers_of_pictures_share_an_encoder_if_they_ask_for_the_same() -> None:
    with running() as run:
        whole, _ = run.join()
        sinks = {}
        for number, options in enumerate((None, JpegOptions(80), JpegOptions(80))):
            sinks[number] = Recorder()
            run.pool.subscribe(run.feed, "mjpeg", sinks[number], options=options)
        run.give(0)
        assert whole.next().codec == "h264"
        shown = [cv2.imdecode(np.frombuffer(sink.next().data, np.uint8), cv2.IMREAD_COLOR) for sink in sinks.values()]
        assert [image is not None and image.shape[:2] for image in shown] == [(120, 160), (60, 80), (60, 80)]
        encoders = run.pool.encoders("porch")
        assert sorted((encoder["codec"], encoder["rung"]) for encoder in encoders) == [
            ("h264", "160x120"),
            ("mjpeg", "160x120"),
            ("mjpeg", "80x60"),
        ]


def test_pictures_come_at_the_rate_that_was_asked_for() -> None:
    with running() as run:
        sink = Recorder()
        run.pool.subscribe(run.feed, "mjpeg", sink, options=JpegOptions(frame_rate=10))
        numbers = []
        for number in range(7):
            run.give(number)
            if number % 3 == 0:
                numbers.append(sink.next().pts // 3000)
        assert numbers == [0, 3, 6]


def test_the_encoder_ends_with_its_last_sink() -> None:
    with running() as run:
        (_, one), (_, two) = run.join(), run.join()
        assert encoders() == ["encoder porch h264"]
        ending = one.encoder
        one.close()
        one.close()
        assert run.feed.watched
        two.close()
        assert not run.feed.watched
        assert ending._run is not None and ending._run.wait()
        assert (encoders(), run.pool.encoders("porch")) == ([], [])


def test_sinks_end_when_the_camera_is_removed() -> None:
    with running() as run:
        sink, subscription = run.join()
        left, leaving = run.join()
        leaving.close()
        run.give(0)
        sink.next()
        run.feed.close()
        assert sink.ended.wait(5)
        assert not left.ended.is_set()
        assert run.pool.encoders("porch") == []
        subscription.close()
        with pytest.raises(RuntimeError, match="camera porch is closed"):
            run.join()


def test_a_closed_pool_refuses_subscriptions() -> None:
    with running() as run:
        run.join()
        run.pool.close()
        with pytest.raises(RuntimeError, match="the encoders are closed"):
            run.join()


class Boxes(Transform[NoAttributes]):
    """Attaches a box to every frame."""

    type_name = "boxes"
    attributes_type = NoAttributes
    annotates = True

    def apply(self, frame: Frame) -> Frame:
        return frame.with_annotations([Detection("star", 0.9, box=BoundingBox(0.2, 0.2, 0.8, 0.8))])


class Noting(VideoEncoder):
    """An encoder that records what it makes, with the times."""

    def __init__(self, made: list[tuple[int | None, bytes]]) -> None:
        super().__init__("h264")
        self._made = made

    def encode(self, frame: Frame, *, key: bool = False, later_s: float = 0.0) -> list[VideoPacket]:
        packets = super().encode(frame, key=key, later_s=later_s)
        self._made += ((packet.pts, bytes(packet)) for packet in packets)
        return packets


def put_line(graph: FakeGraph, feed: Feed, *transforms: Transform[NoAttributes]) -> None:
    line = Line(feed.name, graph.feeds["porch"], Row(transforms), graph.clock, feed.reports)  # type: ignore[arg-type]
    feed.produce(camera_config(feed.name), line, graph.feeds["porch"])


def named(frame: EncodedFrame) -> tuple[int, bytes]:
    """Return what tells a frame from those of other encoders: two may make the same bytes of an unchanged picture."""
    return frame.pts, frame.data


def test_sinks_move_when_a_chain_starts_or_stops_annotating() -> None:
    made: dict[bool, list[tuple[int | None, bytes]]] = {False: [], True: []}

    def make(feed: Feed, key: EncoderKey) -> VideoEncoder:
        return Noting(made[key.annotated])

    numbers = itertools.count(1)

    def give_until(done: Callable[[], bool]) -> None:
        # As many frames as it takes: the other encoder works on its first while this one gives many.
        deadline_s = time.monotonic() + 30
        while time.monotonic() < deadline_s:
            run.give(next(numbers))
            clean.next()
            if done():
                return
        raise AssertionError("the condition did not become true in time")

    with running(make) as run:
        graph = run.graph
        feed = Feed("named", graph.clock, graph.lock, run.feed.executor)
        graph.feeds["named"] = feed
        put_line(graph, feed)
        wants, clean = Recorder(), Recorder()
        painted = run.pool.subscribe(feed, "h264", wants)
        run.pool.subscribe(feed, "h264", clean, annotations=False)
        assert [encoder["annotations"] for encoder in run.pool.encoders("named")] == [False]
        run.give(0)
        assert wants.next() is clean.next()
        put_line(graph, feed, Boxes(NoAttributes(), {}))
        give_until(lambda: painted.encoder.key.annotated and named(wants.frames[-1]) in made[True])
        assert [mark.stage for mark in wants.frames[-1].trace][-3:] == ["named wait", "painted", "encoded"]
        assert "paint" in feed.latency.summary()
        assert [encoder["annotations"] for encoder in run.pool.encoders("named")] == [False, True]
        assert next(frame for frame in wants.frames if named(frame) in made[True]).is_key_frame
        put_line(graph, feed)
        give_until(lambda: not painted.encoder.key.annotated)
        assert [encoder["annotations"] for encoder in run.pool.encoders("named")] == [False]


def test_frames_that_an_encoder_is_too_slow_for_are_counted() -> None:
    entered, go = threading.Semaphore(0), threading.Semaphore(0)

    class Slow(VideoEncoder):
        def encode(self, frame: Frame, *, key: bool = False, later_s: float = 0.0) -> list[VideoPacket]:
            entered.release()
            assert go.acquire(timeout=10)
            return super().encode(frame, key=key, later_s=later_s)

    with running(lambda feed, key: Slow("h264")) as run, run.feed.watch() as beside:
        sink, _ = run.join()
        for number in range(4):
            run.give(number)
            assert beside.get(5).sequence == number
            if number == 0:
                assert entered.acquire(timeout=5)
        go.release(10)
        sink.next()
        sink.next()
        assert (run.feed.counters["shed"], run.feed.counters["encoded"]) == (2, 2)


def noted_bitrates() -> tuple[list[float | None], Callable[[Feed, EncoderKey], VideoEncoder]]:
    """Return a factory of H.264 encoders, and the bitrate configured at each of its calls."""
    made: list[float | None] = []

    def make(feed: Feed, key: EncoderKey) -> VideoEncoder:
        made.append(feed.config.stream.bitrate)
        return VideoEncoder("h264")

    return made, make


def test_an_exchange_starts_an_encoder_with_the_new_settings() -> None:
    made, make = noted_bitrates()

    with running(make) as run:
        sink, _ = run.join()
        run.give(0)
        first = sink.next()
        run.graph.exchange("porch", stream=StreamConfig(bitrate=300_000))
        run.give(0)
        second = sink.next()
        assert (made, second.is_key_frame) == ([None, 300_000], True)
        assert first.pts is not None and second.pts is not None and second.pts > first.pts


def test_a_running_encoder_takes_new_settings_of_the_stream_and_keeps_others() -> None:
    made, make = noted_bitrates()

    with running(make) as run:
        feed, camera = run.feed, run.graph.cameras["porch"]
        sink, _ = run.join()
        run.give(0)
        first = sink.next()
        feed.configure(replace(feed.config, linger_s=3.0, stream=StreamConfig()))
        run.give(1)
        assert not sink.next().is_key_frame
        feed.configure(replace(feed.config, stream=StreamConfig(bitrate=300_000, frame_rate=15)))
        run.give(2)
        second = sink.next()
        assert (made, second.is_key_frame) == ([None, 300_000], True)
        assert first.pts is not None and second.pts == first.pts + 6000
        run.give(3, 4)
        third = sink.next()
        assert third.pts == first.pts + 12000, "half of the frames"
        assert camera.opened == 1


def test_a_new_camera_under_the_name_of_a_removed_one_has_an_encoder_of_its_own() -> None:
    with running() as run:
        sink, old = run.join()
        feed = Feed("porch", run.graph.clock, run.graph.lock, run.feed.executor)
        camera = FakeCamera("porch")
        feed.produce(camera_config("porch"), Source("porch", lambda: camera, run.graph.clock, feed.reports))
        new = run.pool.subscribe(feed, "h264", Recorder())
        assert new.encoder is not old.encoder
        assert (old.encoder.feed, new.encoder.feed) == (run.feed, feed)
        assert sink.ended.wait(5)
        new.close()
        feed.close()


def shown(frame: EncodedFrame) -> tuple[int, int]:
    return frame.width, frame.height


def test_a_sink_moves_to_the_low_rung_at_its_key_frame_and_back() -> None:
    with running() as run:
        sink, subscription = run.join()
        other, _ = run.join()
        run.give(0)
        sink.next()
        subscription.choose_rung(low=True)
        assert len(run.pool.encoders("porch")) == 2
        run.give(1)
        other.next()
        sink.next()
        while shown(sink.frames[-1]) == (160, 120):  # the other encoder may be later than this frame
            run.give(other.frames[-1].pts // 3000 + 1)
            other.next()
            sink.next()
        assert subscription.encoder.rung == "80x60"
        assert [frame.is_key_frame for frame in other.frames] == [True] + [False] * (len(other.frames) - 1)

        run.clock.advance(PAUSE_S)
        subscription.choose_rung(low=False)
        while shown(sink.frames[-1]) == (80, 60):
            run.give(other.frames[-1].pts // 3000 + 1)
            other.next()
            sink.next()
        assert [encoder["rung"] for encoder in run.pool.encoders("porch")] == ["160x120"]
        parts = [(size, next(frames).is_key_frame) for size, frames in itertools.groupby(sink.frames, shown)]
        assert parts == [((160, 120), True), ((80, 60), True), ((160, 120), True)]


def test_a_move_is_given_up_when_the_sink_stays_or_leaves() -> None:
    with running() as run:
        sink, subscription = run.join()
        run.give(0)
        sink.next()
        for low in (True, False, True):
            subscription.choose_rung(low=low)
            assert len(run.pool.encoders("porch")) == 1 + low
        subscription.close()
        subscription.choose_rung(low=False)
        assert run.pool.encoders("porch") == []


def test_a_sink_stays_where_the_ladder_is_turned_off() -> None:
    with fake_graph("porch", stream=StreamConfig(ladder="never")) as graph:
        subscription = graph.pool.subscribe(graph.feeds["porch"], "h264", Recorder())
        subscription.choose_rung(low=True)
        assert len(graph.pool.encoders("porch")) == 1
