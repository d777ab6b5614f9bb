"""Parts of pictures and their numbers, in packets of real encoders."""

import re

import pytest

from cameras.picture.nal_units import FrameNumbers, Part, begins_group, has_picture, part_of
from tests.cameras.videos import packets


@pytest.mark.parametrize(
    "options",
    [
        {"bf": "0"},
        {"bf": "0", "preset": "veryfast", "profile": "high"},
        {"bf": "3", "b-pyramid": "none"},
        {"bf": "0", "x264-params": "slices=4"},
        {"bf": "0", "g": "7", "profile": "baseline"},
    ],
)
def test_a_lost_picture_that_others_build_on_is_noticed(options: dict[str, str]) -> None:
    whole, _ = packets("libx264", 25, **options)
    numbers = FrameNumbers()
    assert not any(numbers.skips(packet) for packet in whole)
    referred = [place for place, packet in enumerate(whole) if place > 2 and _is_referred(packet)]
    lost = next(place for place in referred if place + 1 in referred or "g" not in options)
    numbers = FrameNumbers()
    skipped = [place for place, packet in enumerate(whole) if place != lost and numbers.skips(packet)]
    assert len(skipped) == 1 and skipped[0] > lost


def _is_referred(packet: bytes) -> bool:
    """Return whether a packet is no key frame, and other pictures build on it."""
    at = packet.find(b"\0\0\1")
    while at >= 0:
        kind = packet[at + 3]
        if kind & 0x1F in (1, 5):
            return kind & 0x1F == 1 and bool(kind & 0x60)
        at = packet.find(b"\0\0\1", at + 3)
    return False


def test_the_parameters_may_come_apart() -> None:
    whole, parameters = packets("libx264", 25, bf="0", flags="+global_header")
    numbers = FrameNumbers(parameters)
    assert [place for place, packet in enumerate(whole) if place != 20 and numbers.skips(packet)] == [21]
    assert not any(map(FrameNumbers().skips, whole[:20] + whole[21:])), "without them nothing can be said"


@pytest.mark.parametrize(("name", "codec"), [("libx264", "h264"), ("libx265", "hevc")])
def test_a_packet_without_a_picture_is_recognised(name: str, codec: str) -> None:
    whole, _ = packets(name, 3)
    _, parameters = packets(name, 1, flags="+global_header")
    assert all(has_picture(codec, packet) for packet in whole)
    assert not has_picture(codec, parameters)
    assert has_picture("mpeg4", b"") and has_picture(codec, b"\0\0\0\5abcde")


@pytest.mark.parametrize(("codec", "first"), [("mpeg4", b"\0\0\1\xb6"), ("mpeg2video", b"\0\0\1\0")])
def test_parameters_of_mpeg_are_no_picture(codec: str, first: bytes) -> None:
    whole, _ = packets(codec, 3)
    parameters = whole[0].partition(first)[0]
    assert parameters and not has_picture(codec, parameters)
    assert all(has_picture(codec, packet) for packet in whole)


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("libx264", "h264", {"bf": "0", "x264-params": "slices=4:aud=1:repeat-headers=1"}),
        ("libx265", "hevc", {"x265-params": "log-level=none:bframes=0:slices=4:repeat-headers=1"}),
        ("mpeg4", "mpeg4", {"g": "2"}),
        ("mpeg2video", "mpeg2video", {"g": "2"}),
    ],
    ids=["h264", "hevc", "mpeg4", "mpeg2video"],
)
def test_each_picture_has_one_first_part(name: str, codec: str, options: dict[str, str]) -> None:
    whole, _ = packets(name, 4, **options)
    for packet in whole:
        starts = [match.start() for match in re.finditer(b"\0\0\1", packet)]
        parts = [part_of(codec, packet[at:]) for at in starts]
        assert parts.count(Part.FIRST) == 1
        assert set(parts[: parts.index(Part.FIRST)]) <= {Part.BEFORE, Part.FURTHER} and parts[0] is not Part.FURTHER
        assert set(parts[parts.index(Part.FIRST) + 1 :]) <= {Part.FURTHER}
    assert part_of(codec, b"") is part_of(codec, b"\0\0\1") is part_of(codec, b"12345678") is Part.FURTHER
    assert part_of("h261", b"\0\0\1\0\0\0\0\0") is Part.FURTHER


@pytest.mark.parametrize(
    ("name", "codec", "options"),
    [
        ("libx264", "h264", {"bf": "0", "g": "5", "keyint_min": "5", "sc_threshold": "0", "forced-idr": "1"}),
        ("libx265", "hevc", {"x265-params": "log-level=none:bframes=0:keyint=5:min-keyint=5:scenecut=0:open-gop=0"}),
    ],
    ids=["h264", "hevc"],
)
def test_the_first_picture_of_each_group_is_found(name: str, codec: str, options: dict[str, str]) -> None:
    whole, _ = packets(name, 20, **options)
    assert [place for place, packet in enumerate(whole) if begins_group(codec, packet)] == [0, 5, 10, 15]


@pytest.mark.parametrize(
    "data", [b"", b"\0\0\1", b"\0\0\1\x67", b"\0\0\1\x67\x64\0\x1f" + bytes(80), b"\0\0\1\x61\xff"]
)
def test_nonsense_is_no_loss(data: bytes) -> None:
    assert not FrameNumbers(data).skips(data)
    assert not begins_group("h264", data) and not begins_group("mpeg4", data)
