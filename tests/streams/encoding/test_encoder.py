from __future__ import annotations

from fractions import Fraction

import av
import numpy as np
import pytest
from av.video.codeccontext import VideoCodecContext

from cameras import Frame, Matrix, Pixels
from streams.encoding.codecs import CodecName
from streams.encoding.encoder import VideoEncoder
from tests.streams.fakes import picture

SPS, PPS, IDR = 7, 8, 5


def decoder(codec: CodecName) -> VideoCodecContext:
    return av.CodecContext.create(codec, "r")


def units(packet: av.Packet[av.VideoStream]) -> list[int]:
    """Return the types of the NAL units in an Annex B packet."""
    data = bytes(packet)
    starts = [i for i in range(len(data) - 3) if data[i : i + 3] == b"\0\0\1"]
    return [data[start + 3] & 0x1F for start in starts]


@pytest.mark.parametrize("codec", ["h264", "vp8"])
@pytest.mark.parametrize("matrix", [None, Matrix.BT601, Matrix.BT709])
@pytest.mark.parametrize("rgb", [(0, 255, 0), (200, 40, 40), (40, 60, 200)])
def test_colours_come_back_within_four_levels(
    codec: CodecName, matrix: Matrix | None, rgb: tuple[int, int, int]
) -> None:
    encoder, reader = VideoEncoder(codec), decoder(codec)
    for number in range(3):
        for packet in encoder.encode(picture(number, rgb=rgb, matrix=matrix)):
            for shown in reader.decode(packet):
                y, u, v = (np.frombuffer(memoryview(p), np.uint8).reshape(-1, p.line_size) for p in shown.planes)
                pixels = Pixels.from_yuv(y[:120, :160].copy(), u[:60, :80].copy(), v[:60, :80].copy(), Matrix.BT601)
                assert np.abs(pixels.bgr[60, 80, ::-1].astype(int) - rgb).max() <= 4


def test_h264_is_tagged_with_its_colours() -> None:
    reader = decoder("h264")
    (packet,) = VideoEncoder("h264").encode(picture(matrix=Matrix.BT709))
    (shown,) = reader.decode(packet)
    assert (shown.colorspace, shown.color_primaries, shown.color_trc, shown.color_range) == (6, 6, 6, 1)


def test_every_key_frame_has_its_headers_and_no_frame_is_buffered() -> None:
    encoder = VideoEncoder("h264")
    first, second, third = (encoder.encode(picture(n), key=n == 2) for n in range(3))
    assert [len(first), len(second), len(third)] == [1, 1, 1]
    assert [packet.is_keyframe for packet in (first[0], second[0], third[0])] == [True, False, True]
    for packets in (first, third):
        assert {SPS, PPS, IDR} <= set(units(packets[0]))
    assert units(second[0]) == [1]
    assert bytes(first[0])[5] == 66, "the Baseline profile"


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_a_key_frame_comes_only_on_request(codec: CodecName) -> None:
    encoder = VideoEncoder(codec)
    keys = [encoder.encode(picture(n), key=n in (3, 7))[0].is_keyframe for n in range(10)]
    assert [n for n, key in enumerate(keys) if key] == [0, 3, 7]


def test_a_key_frame_comes_after_the_interval_at_the_latest() -> None:
    encoder = VideoEncoder("h264", frame_rate=10, key_frame_interval_s=0.5)
    keys = [encoder.encode(picture(n, frame_rate=10))[0].is_keyframe for n in range(11)]
    assert [n for n, key in enumerate(keys) if key] == [0, 5, 10]


@pytest.mark.parametrize("codec", ["h264", "vp8"])
def test_a_change_of_size_starts_with_a_key_frame(codec: CodecName) -> None:
    encoder, reader = VideoEncoder(codec), decoder(codec)
    sizes = []
    for number, (width, height) in enumerate([(160, 120), (160, 120), (96, 64), (96, 64)]):
        (packet,) = encoder.encode(picture(number, width=width, height=height))
        assert packet.is_keyframe == (number in (0, 2))
        sizes += [(shown.width, shown.height) for shown in reader.decode(packet)]
    assert sizes == [(160, 120), (160, 120), (96, 64), (96, 64)]


def test_odd_sizes_are_padded() -> None:
    (packet,) = VideoEncoder("h264").encode(picture(width=161, height=119))
    (shown,) = decoder("h264").decode(packet)
    assert (shown.width, shown.height) == (162, 120)


@pytest.mark.parametrize(("size", "low_size"), [((320, 180), (160, 90)), ((162, 118), (80, 58)), ((2, 2), (2, 2))])
def test_the_low_rung_has_half_the_size_at_a_third_of_the_bits(
    size: tuple[int, int], low_size: tuple[int, int]
) -> None:
    whole, low = VideoEncoder("h264", bitrate=900_000), VideoEncoder("h264", bitrate=900_000, low=True)
    shot = picture(width=size[0], height=size[1])
    whole.encode(shot)
    (shown,) = decoder("h264").decode(low.encode(shot)[0])
    assert (shown.width, shown.height) == low_size
    assert whole.settings is not None and low.settings is not None
    assert (whole.settings.bitrate, low.settings.bitrate) == (900_000, 300_000)


def test_times_are_ticks_of_the_rtp_clock() -> None:
    encoder = VideoEncoder("h264")
    packets = [encoder.encode(picture(n, frame_rate=25))[0] for n in (0, 1, 2, 5)]
    assert [packet.pts for packet in packets] == [0, 3600, 7200, 18000]
    assert {packet.time_base for packet in packets} == {Fraction(1, 90_000)}


def test_packet_times_always_rise() -> None:
    encoder = VideoEncoder("h264")
    assert encoder.encode(picture(10))[0].pts == 30_000
    assert encoder.encode(picture(10))[0].pts == 30_001
    assert encoder.encode(picture(10), later_s=0.5)[0].pts == 75_000
    assert encoder.encode(picture(11))[0].pts == 75_001
    assert encoder.encode(picture(40))[0].pts == 120_000


def test_after_a_failure_the_next_frame_starts_a_new_encoder(monkeypatch: pytest.MonkeyPatch) -> None:
    encoder = VideoEncoder("h264")
    encoder.encode(picture(0))
    encoder.encode(picture(1))

    def broken(*_: object) -> None:
        raise ValueError("broken")

    with monkeypatch.context() as patched:
        patched.setattr("streams.encoding.encoder.fill", broken)
        with pytest.raises(ValueError, match="broken"):
            encoder.encode(picture(2))
    assert encoder.encode(picture(3))[0].is_keyframe


def test_the_input_frame_is_not_changed() -> None:
    frame = picture(matrix=Matrix.BT709)
    before = [plane.copy() for plane in frame.pixels.yuv]
    VideoEncoder("h264").encode(frame)
    assert all(np.array_equal(a, b) for a, b in zip(before, frame.pixels.yuv, strict=True))


def test_the_stream_has_its_level() -> None:
    frame = Frame(Pixels.from_bgr(np.zeros((1080, 1920, 3), np.uint8)), 0, Fraction(1, 30), 0.0)
    (packet,) = VideoEncoder("h264", preset="ultrafast").encode(frame)
    assert bytes(packet)[7] == 40
