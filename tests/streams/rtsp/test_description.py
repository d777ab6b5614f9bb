"""The descriptions of streams, as FFmpeg and our own parser of parameter sets read them."""

from __future__ import annotations

import base64

from cameras.picture import sequence_parameters
from streams import EncodedFrame, VideoEncoder, rtsp_description
from streams.encoding.codecs import CodecName
from tests.streams.fakes import picture


def key_frame(codec: CodecName = "h264") -> EncodedFrame:
    """Return a key frame of a shared encoder."""
    (packet,) = VideoEncoder(codec).encode(picture(), key=True)
    return EncodedFrame(bytes(packet), codec, 0, True, 160, 120, captured_at=0.0)


def test_a_player_learns_codec_parameters_and_the_address_of_the_track() -> None:
    lines = rtsp_description("porch", key_frame(), "192.0.2.1").decode().split("\r\n")
    assert lines[:7] == [
        "v=0",
        "o=- 1 1 IN IP4 192.0.2.1",
        "s=porch",
        "c=IN IP4 0.0.0.0",
        "t=0 0",
        "a=control:*",
        "a=range:npt=now-",
    ]
    assert lines[7:9] == ["m=video 0 RTP/AVP 96", "a=rtpmap:96 H264/90000"]
    assert lines[10:] == ["a=framesize:96 160-120", "a=control:trackID=0", ""]
    name, _, rest = lines[9].partition(" ")
    parameters = dict(part.split("=", 1) for part in rest.split("; "))
    assert (name, parameters["packetization-mode"]) == ("a=fmtp:96", "1")
    sequence, picture_set = (base64.b64decode(part) for part in parameters["sprop-parameter-sets"].split(","))
    assert sequence[1:4].hex().upper() == parameters["profile-level-id"]
    assert (sequence_parameters(sequence).width, sequence_parameters(sequence).height) == (160, 120)
    assert picture_set[0] & 31 == 8


def test_addresses_may_be_of_version_6() -> None:
    lines = rtsp_description("porch", key_frame(), "fe80::1%eth0").decode().split("\r\n")
    assert (lines[1], lines[3]) == ("o=- 1 1 IN IP6 fe80::1", "c=IN IP6 ::")
    assert "o=- 1 1 IN IP4 192.0.2.1" in rtsp_description("porch", key_frame(), "::ffff:192.0.2.1").decode()


def test_a_camera_that_streams_vp8_only_is_described_too() -> None:
    lines = rtsp_description("porch", key_frame("vp8"), "192.0.2.1").decode().split("\r\n")
    assert lines[8:10] == ["a=rtpmap:96 VP8/90000", "a=framesize:96 160-120"]
