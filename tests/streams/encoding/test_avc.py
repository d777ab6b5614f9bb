"""H.264 as MP4 and FLV have it, compared with what FFmpeg writes of the same packets."""

from __future__ import annotations

import io
from fractions import Fraction

import av
import pytest

from streams.encoding.avc import AvcPicture, ParameterSets, avc_picture, with_lengths
from tests.cameras.videos import packets

START = b"\0\0\0\1"
SPS, PPS = bytes.fromhex("6742c01fda0280"), bytes.fromhex("68ce3c80")


def muxed(data: list[bytes]) -> tuple[bytes, list[bytes]]:
    """Return the decoder configuration and the samples that FFmpeg writes into MP4."""
    file = io.BytesIO()
    with av.open(io.BytesIO(b"".join(data)), "r", format="h264") as source, av.open(file, "w", format="mp4") as output:
        stream = output.add_stream_from_template(source.streams.video[0])
        for number, content in enumerate(data):
            packet = av.Packet(content)
            packet.stream, packet.pts, packet.dts, packet.time_base = stream, number, number, Fraction(1, 25)
            packet.is_keyframe = number == 0
            output.mux(packet)
    file.seek(0)
    with av.open(file, "r") as read:
        video = read.streams.video[0]
        return bytes(video.codec_context.extradata or b""), [bytes(p) for p in read.demux(video) if p.size]


@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
def test_parameters_and_samples_are_those_that_ffmpeg_writes(profile: str) -> None:
    data, _ = packets("libx264", 4, bf="0", profile=profile, **{"x264-params": "annexb=1:repeat-headers=1"})
    configuration, samples = muxed(data)
    first, *others = [avc_picture(each) for each in data]
    assert first.parameters is not None
    assert first.parameters.configuration == configuration
    assert [each.parameters for each in others] == [None] * 3
    assert [each.sample for each in others] == samples[1:]
    assert samples[0].endswith(first.sample)


def test_a_unit_is_kept_whatever_its_start_code_and_delimiters_are_not() -> None:
    delimiter, message, slice_ = b"\x09\xf0", b"\x06\x05\x01\x02\x80", b"\x65\x88\x80"
    data = START + delimiter + b"\0\0\1" + SPS + START + PPS + b"\0\0\1" + message + START + slice_ + b"\0\0"
    picture = avc_picture(data)
    assert picture == AvcPicture(ParameterSets((SPS,), (PPS,)), with_lengths([message, slice_]))
    assert picture.sample == b"\0\0\0\5" + message + b"\0\0\0\3" + slice_


def test_a_picture_without_both_kinds_of_parameters_has_none() -> None:
    for data in (START + SPS, START + PPS + START + b"\x65\x88", b"", START + b"\x67", b"no start code"):
        assert avc_picture(data).parameters is None


def test_the_name_of_the_codec_is_the_profile_and_level() -> None:
    assert ParameterSets((SPS,), (PPS,)).codec == "avc1.42C01F"


def test_a_parameter_set_that_cannot_be_read_is_passed_on() -> None:
    cut = b"\x67\x64\x00\x1f"
    assert ParameterSets((cut,), (PPS,)).configuration == b"\x01\x64\x00\x1f\xff\xe1\0\4" + cut + b"\1\0\4" + PPS
