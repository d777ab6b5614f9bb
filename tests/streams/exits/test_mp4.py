"""Fragmented MP4, as FFmpeg reads and copies it."""

from __future__ import annotations

import io
import itertools
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av
import pytest

from streams.encoding import EncodedFrame, VideoEncoder
from streams.exits import MuxerOptions
from streams.exits.mp4 import FIRST_DURATION, MSE_DURATION_MAX, MSE_DURATION_MIN, Mp4Muxer, MseMuxer, fragment
from tests.streams.fakes import picture

BOXES = (b"moof", b"traf", b"moov", b"trak", b"mdia", b"minf", b"stbl", b"mvex", b"dinf")


def encoded(times: list[int], *, width: int = 160, height: int = 120, keys: tuple[int, ...] = ()) -> list[EncodedFrame]:
    """Return frames with these times, in ticks of 1/90000 s; the first is a key frame, and those in ``keys``."""
    encoder = VideoEncoder("h264")
    frames = []
    for number, pts in enumerate(times):
        shown = picture(number, rgb=(20 * number % 256, 90, 90), width=width, height=height)
        (packet,) = encoder.encode(shown, key=number in keys)
        frames.append(EncodedFrame(bytes(packet), "h264", pts, packet.is_keyframe, width, height, 0.0))
    return frames


def stream(muxer: Mp4Muxer, frames: list[EncodedFrame]) -> bytes:
    """Return the bytes for a reader of these frames."""
    return muxer.begin(frames[0]) + b"".join(muxer.frame(each, each.pts - frames[0].pts) for each in frames)


def read(data: bytes) -> tuple[list[tuple[int, int, bool]], list[av.VideoFrame]]:
    """Return time, duration and whether it is a key frame of each picture, in ticks of 1/90000 s, and the pictures."""
    found: list[tuple[int, int, bool]] = []
    pictures: list[av.VideoFrame] = []
    with av.open(io.BytesIO(data), "r", format="mp4") as video:
        [track] = video.streams
        assert isinstance(track, av.VideoStream) and track.time_base == Fraction(1, 90_000)
        for packet in video.demux(track):
            if packet.size:
                assert packet.pts is not None and packet.dts == packet.pts
                found.append((packet.pts, packet.duration or 0, packet.is_keyframe))
            pictures += packet.decode()
    return found, pictures


def boxes(data: bytes, path: tuple[bytes, ...] = ()) -> Iterator[tuple[tuple[bytes, ...], bytes]]:
    """Yield every box with its path; boxes must fill the data exactly."""
    at = 0
    while at < len(data):
        size, name = struct.unpack(">I4s", data[at : at + 8])
        assert 8 <= size <= len(data) - at, f"{name} has a wrong size"
        yield (*path, name), data[at + 8 : at + size]
        if name in BOXES:
            yield from boxes(data[at + 8 : at + size], (*path, name))
        at += size


def test_pictures_have_their_times_sizes_and_marks() -> None:
    times = [500, 3500, 6400, 100_000, 103_000]
    frames = encoded(times, keys=(3,))
    found, pictures = read(stream(Mp4Muxer(MuxerOptions()), frames))
    assert [(pts, is_key) for pts, _, is_key in found] == list(
        zip([0, 3000, 5900, 99_500, 102_500], [True, False, False, True, False], strict=True)
    )
    assert [(shown.width, shown.height) for shown in pictures] == [(160, 120)] * 5
    assert found[0][1] == FIRST_DURATION


def test_readers_learn_the_rate_of_the_camera_from_the_first_picture() -> None:
    muxer = Mp4Muxer(MuxerOptions())
    muxer.frame_rate = lambda: 10.0
    data = io.BytesIO(stream(muxer, encoded([0, 9000, 18_000])))
    with av.open(data, "r", options={"probesize": "32", "fpsprobesize": "0"}) as video:
        assert video.streams.video[0].average_rate == 10


def test_every_box_is_as_long_as_it_says() -> None:
    data = stream(Mp4Muxer(MuxerOptions()), encoded([0, 3000]))
    names = [b"/".join(path).decode() for path, _ in boxes(data)]
    assert names[:2] == ["ftyp", "moov"]
    inside = ["moof/mfhd", "moof/traf", "moof/traf/tfhd", "moof/traf/tfdt", "moof/traf/trun"]
    assert names[-14:] == 2 * ["moof", *inside, "mdat"]
    assert names.count("mdat") == 2 and names.count("moov/trak/mdia/minf/stbl/stsd") == 1


def test_ffmpeg_copies_it_with_its_times(tmp_path: Path) -> None:
    frames = encoded(list(itertools.accumulate([0, 3000, 3100, 2900, 9000, 3000])))
    copied = tmp_path / "copied.mp4"
    data = io.BytesIO(stream(Mp4Muxer(MuxerOptions()), frames))
    with av.open(data, "r") as source, av.open(str(copied), "w") as output:
        track = output.add_stream_from_template(source.streams.video[0])
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = track
                output.mux(packet)
    with av.open(str(copied)) as video:
        seconds = [shown.time for shown in video.decode(video=0)]
    assert seconds == pytest.approx([each.pts / 90_000 for each in frames], abs=1e-3)


def test_pictures_of_another_size_carry_their_parameters_where_the_head_cannot_change() -> None:
    small, large = encoded([0, 3000]), encoded([6000, 9000], width=320, height=240, keys=(0,))
    again = encoded([12_000, 15_000])  # as in the head, which decoders have replaced
    _, pictures = read(stream(Mp4Muxer(MuxerOptions()), small + large + again))
    assert [(each.width, each.height) for each in pictures] == [*[(160, 120)] * 2, *[(320, 240)] * 2, *[(160, 120)] * 2]


def test_for_media_source_extensions_another_size_begins_with_another_head() -> None:
    muxer = MseMuxer(MuxerOptions())
    small, large = encoded([0, 3000], keys=(1,)), encoded([6000], width=1920, height=1080)
    assert muxer.needs_head(small[0])
    muxer.begin(small[0])
    assert muxer.mime.startswith('video/mp4; codecs="avc1.42')
    first = muxer.mime
    assert not muxer.needs_head(small[1]), "a key frame with the same parameters"
    assert muxer.needs_head(large[0])
    assert muxer.begin(large[0])[4:8] == b"ftyp"
    assert muxer.mime != first


def test_for_media_source_extensions_time_has_no_gaps() -> None:
    times = [7, 3007, 1_000_000, 1_003_000, *range(1_100_000, 4_000_000, 90_000)]
    data = stream(MseMuxer(MuxerOptions()), encoded(times))
    found, _ = read(data)
    gap = 3000 + MSE_DURATION_MIN
    assert [pts for pts, _, _ in found[:5]] == [0, 3000, gap, gap + 3000, gap + 100_000]
    runs = [content for path, content in boxes(data) if path[-1] == b"trun"]
    durations = [int.from_bytes(run[12:16], "big") for run in runs]
    assert durations[:4] == [MSE_DURATION_MIN] * 2 + [MSE_DURATION_MAX] * 2
    assert durations[-1] < 2 * 90_000, "which fit the pictures again after a while"
    ends = [pts + duration for (pts, _, _), duration in zip(found, durations, strict=True)]
    assert all(pts <= end for end, (pts, _, _) in zip(ends, found[1:], strict=False))


def test_silence_is_an_empty_box_that_readers_skip() -> None:
    frames = encoded([0, 3000])
    muxer = Mp4Muxer(MuxerOptions())
    data = stream(muxer, frames[:1]) + muxer.idle() + muxer.frame(frames[1], 3000) + muxer.idle()
    assert len(read(data)[0]) == 2


def test_a_stream_may_last_for_years() -> None:
    late = 90_000 * 86_400 * 3650
    frames = encoded([0, 3000])
    muxer = Mp4Muxer(MuxerOptions())
    data = muxer.begin(frames[0]) + muxer.frame(frames[0], 0) + muxer.frame(frames[1], late)
    assert [pts for pts, _, _ in read(data)[0]][1] == late
    assert fragment(2**32 + 1, 0, 3000, b"", is_key_frame=True), "fragments are numbered modulo 2^32"
