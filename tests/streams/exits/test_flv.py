"""Flash Video, as FFmpeg reads it."""

from __future__ import annotations

import io
import json
from collections.abc import Sequence
from dataclasses import replace
from functools import cache
from random import Random

import av
import pytest

from cameras import BoundingBox, Detection, read_event, user_data
from streams import EncodedFrame, PredictionsEvent, VideoEncoder
from streams.exits.flv import FlvMuxer, FlvOptions
from tests.streams.fakes import picture
from tests.streams.recordings import video_tags


@cache
def frames(width: int = 160, height: int = 120) -> tuple[EncodedFrame, ...]:
    """Return eight frames of 30 per second, two of them key frames."""
    encoder = VideoEncoder("h264")
    made = []
    for number in range(8):
        given = replace(picture(number, width=width, height=height), sequence=number)
        [packet] = encoder.encode(given, key=number % 4 == 0)
        event = PredictionsEvent.of("porch", given)
        frame = EncodedFrame(
            bytes(packet), "h264", packet.pts or 0, packet.is_keyframe, width, height, captured_at=5.0, event=event
        )
        made.append(frame)
    return tuple(made)


def muxed(frames: Sequence[EncodedFrame], *, data: bool = False, times: Sequence[int] | None = None) -> bytes:
    """Return the stream of frames; ``times`` in ticks of 1/90000 s in place of their own."""
    muxer = FlvMuxer(FlvOptions(data=data))
    times = times or [frame.pts for frame in frames]
    return muxer.begin(frames[0]) + b"".join(muxer.frame(*each) for each in zip(frames, times, strict=True))


def packets_in(stream: bytes) -> list[av.Packet[av.VideoStream]]:
    with av.open(io.BytesIO(stream), "r", format="flv") as container:
        return [packet for packet in container.demux(video=0) if packet.size]


def test_ffmpeg_reads_every_frame_with_its_time() -> None:
    with av.open(io.BytesIO(muxed(frames())), "r", format="flv") as container:
        stream = container.streams.video[0]
        assert (stream.codec_context.name, stream.codec_context.width, stream.codec_context.height) == (
            "h264",
            160,
            120,
        )
        shown = list(container.decode(stream))
    assert [frame.time for frame in shown] == pytest.approx([number / 30 for number in range(8)], abs=0.0006)
    assert [packet.is_keyframe for packet in packets_in(muxed(frames()))] == [True, False, False, False] * 2


def test_parameter_sets_come_again_only_where_they_change() -> None:
    assert muxed(frames()).count(b"\x17\x00\x00\x00\x00\x01") == 1
    stream = muxed((*frames(), *frames(320, 240)), times=[number * 3000 for number in range(16)])
    assert stream.count(b"\x17\x00\x00\x00\x00\x01") == 2
    with av.open(io.BytesIO(stream), "r", format="flv") as container:
        sizes = [(frame.width, frame.height) for frame in container.decode(video=0)]
    assert sizes == [(160, 120)] * 8 + [(320, 240)] * 8


def test_a_copy_that_keeps_only_the_first_parameter_sets_shows_all_pictures() -> None:
    given = (*frames(), *frames(320, 240), *frames())
    stream = muxed(given, times=[number * 3000 for number in range(len(given))])
    copied = io.BytesIO()
    with av.open(io.BytesIO(stream), "r", format="flv") as read, av.open(copied, "w", format="mp4") as written:
        copy = written.add_stream_from_template(read.streams.video[0])
        for packet in read.demux(video=0):
            if packet.size:
                packet.stream = copy
                written.mux(packet)
    with av.open(io.BytesIO(copied.getvalue()), "r") as container:
        sizes = [(frame.width, frame.height) for frame in container.decode(video=0)]
    assert sizes == [(160, 120)] * 8 + [(320, 240)] * 8 + [(160, 120)] * 8


def test_times_that_milliseconds_cannot_tell_apart_still_rise() -> None:
    times = [0, 1, 2, 3, 4, 5, 3000, 6000]
    assert [packet.pts for packet in packets_in(muxed(frames(), times=times))] == [0, 1, 2, 3, 4, 5, 33, 67]


def test_readers_skip_what_is_sent_while_no_frames_come() -> None:
    muxer = FlvMuxer(FlvOptions())
    first, *others = frames()
    parts = [muxer.begin(first), muxer.frame(first, 0), muxer.idle(), muxer.idle()]
    parts += [muxer.frame(frame, 90_000 * 40 + number) for number, frame in enumerate(others)]
    assert [packet.pts for packet in packets_in(b"".join(parts))] == [0, *range(40_000, 40_007)]


def test_a_stream_may_last_longer_than_its_times_can_say() -> None:
    begin = (2**32 - 100) * 90
    times = [begin + number * 3000 for number in range(8)]
    assert [packet.pts for packet in packets_in(muxed(frames(), times=times))][-1] is not None
    first, last = muxed(frames()[:1], times=times[:1]), muxed(frames()[:1], times=times[-1:])
    assert len(first) == len(last)


def test_with_data_each_frame_carries_its_event_made_once_for_all_readers() -> None:
    packets = packets_in(muxed(frames(), data=True))
    found = [[each for content in user_data(bytes(packet), 4) if (each := read_event(content))] for packet in packets]
    assert [[each["sequence"] for each in events] for events in found] == [[number] for number in range(8)]
    event = frames()[3].event
    assert event is not None and found[3] == [json.loads(event.json)]
    assert frames()[3].with_event is frames()[3].with_event
    assert frames()[3].with_event.avc is frames()[3].with_event.avc
    plain = packets_in(muxed(frames()))
    assert not any(read_event(content) for packet in plain for content in user_data(bytes(packet), 4))


def test_of_more_predictions_than_a_message_holds_the_first_are_sent() -> None:
    chance = Random(1)
    boxes = [BoundingBox(x, y, x + 0.1, y + 0.1) for x, y in ((chance.random(), chance.random()) for _ in range(1000))]
    given = picture(0).with_annotations([Detection("person", chance.random(), box=box) for box in boxes])
    frame = replace(frames()[0], event=PredictionsEvent.of("porch", given))
    [packet] = packets_in(muxed([frame], data=True))
    [event] = [each for content in user_data(bytes(packet), 4) if (each := read_event(content))]
    assert event["left_out"] > 500 and event["left_out"] + len(event["predictions"]) == 1000


def test_the_tags_are_those_that_ffmpeg_writes() -> None:
    made = io.BytesIO()
    with av.open(io.BytesIO(muxed(frames())), "r", format="flv") as source, av.open(made, "w", format="flv") as target:
        stream = target.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = stream
                target.mux(packet)
    ours, theirs = (video_tags(stream) for stream in (muxed(frames()), made.getvalue()))
    assert ours == theirs[: len(ours)]
