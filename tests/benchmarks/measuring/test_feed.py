"""A clip as a live stream: over RTSP as cameras give it, and as RTP."""

import itertools
import socket
import struct
from pathlib import Path

import av
import pytest

from benchmarks.measuring import ProgramError, live_feed, render
from benchmarks.measuring.feed_process import RTCP_TYPES, description, frames_of, parameter_sets, played

FRAMES = 6


@pytest.fixture(scope="module")
def clip(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("feed") / "clip.h264"
    render(path, 320, 180, FRAMES, bitrate=500_000)
    return path


def test_packets_have_the_numbers_and_times_of_a_camera(clip: Path) -> None:
    frames = list(itertools.islice(played(clip), 2 * FRAMES + 1))
    pictures = [[packet for packet in packets if packet[1] not in RTCP_TYPES] for packets in frames]
    heads = [[struct.unpack("!BBHII", packet[:12]) for packet in packets] for packets in pictures]
    numbers = [head[2] for each in heads for head in each]
    assert [(number - numbers[0]) % 65536 for number in numbers] == list(range(len(numbers)))
    assert [(each[0][3] - heads[0][0][3]) % 2**32 for each in heads] == [3000 * index for index in range(len(heads))]
    for each in heads:
        assert [head[1] >> 7 for head in each] == [0] * (len(each) - 1) + [1]
    assert any(packet[1] in RTCP_TYPES for packet in frames[0]), "a sender report"
    # STAP-A with the parameter sets before each key frame
    assert pictures[0][0][12] & 31 == pictures[FRAMES][0][12] & 31 == 24


def test_the_description_has_the_parameter_sets(clip: Path) -> None:
    sequence, picture = parameter_sets(frames_of(clip)[0])
    assert (sequence[0] & 31, picture[0] & 31) == (7, 8)
    said = description(clip)
    assert f"profile-level-id={sequence[1:4].hex()}" in said
    assert said.count("m=video") == 1


def test_a_camera_and_a_gateway_get_the_stream(clip: Path) -> None:
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as gateway:
        gateway.bind(("127.0.0.1", 0))
        gateway.settimeout(20)
        with (
            live_feed(clip, gateway.getsockname()[1]) as url,
            av.open(url, options={"rtsp_transport": "tcp"}, timeout=20) as camera,
        ):
            pictures = list(itertools.islice(camera.decode(video=0), 3))
            packet = gateway.recv(2048)
    assert [(picture.width, picture.height) for picture in pictures] == [(320, 180)] * 3
    assert packet[0] >> 6 == 2
    assert packet[1] & 127 == 96


def test_a_clip_that_is_none_is_an_error(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(ProgramError, match="the feed of a live stream does not start"), live_feed(tmp_path / "no.h264"):
        raise AssertionError("there is nothing to play")
    assert "no.h264" in capfd.readouterr().err
