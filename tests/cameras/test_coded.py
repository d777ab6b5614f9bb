"""Which packets of real encoders are passed on, and when that ends."""

import re
from collections.abc import Iterable, Sequence
from fractions import Fraction
from functools import cache

import av
import pytest

from cameras.coded import GROUP_MAX_BYTES, GROUP_MAX_S, CodedPicture, Passed, Passing

from .videos import packets as all_packets

GROUP = {"g": "5", "keyint_min": "5", "sc_threshold": "0", "bf": "0", "forced-idr": "1"}
PLAIN = {**GROUP, "tune": "zerolatency"}


@cache
def _packets(pictures: int, options: tuple[tuple[str, str], ...]) -> tuple[list[bytes], bytes]:
    return all_packets("libx264", pictures, **dict(options))


def packets(pictures: int, **options: str) -> tuple[list[bytes], bytes]:
    """Return the packets of pictures, and the parameters apart."""
    return _packets(pictures, tuple(options.items()))


def taken(passing: Passing, whole: Iterable[bytes], *, from_s: float = 0.0, rate: float = 25.0) -> list[Passed | None]:
    """Return what is passed on of packets that come at a rate."""
    return [passing.take(packet, from_s + number / rate) for number, packet in enumerate(whole)]


def kinds(data: bytes) -> list[int]:
    return [unit[0] & 0x1F for unit in re.split(b"\0\0\1", data)[1:]]


def decoded(pictures: Sequence[Passed | None]) -> int:
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    decoder.options = {"flags": "low_delay"}
    return sum(len(decoder.decode(av.Packet(picture.data))) for picture in pictures if picture is not None)


@pytest.mark.parametrize("profile", ["baseline", "main", "high"])
@pytest.mark.parametrize("sets", ["before each key frame", "apart"])
def test_what_browsers_play_is_passed_on_as_it_came(profile: str, sets: str) -> None:
    flags = {"flags": "+global_header"} if sets == "apart" else {}
    whole, parameters = packets(20, **PLAIN, profile=profile, preset="veryfast", **flags)
    passed = taken(Passing(parameters), whole)
    assert [place for place, picture in enumerate(passed) if picture and picture.is_key] == [0, 5, 10, 15]
    assert [(picture.width, picture.height) for picture in passed if picture] == [(640, 352)] * 20
    for packet, picture in zip(whole, passed, strict=True):
        assert picture is not None and picture.data.endswith(packet)
        assert picture.data == packet or (sets == "apart" and picture.is_key)
        assert not picture.is_key or kinds(picture.data).index(7) < kinds(picture.data).index(8)
    assert decoded(passed) == 20


def test_lengths_become_start_codes() -> None:
    whole, parameters = packets(20, **PLAIN, flags="+global_header")
    sets = [unit.rstrip(b"\0") for unit in re.split(b"\0\0\1", parameters)[1:]]
    sequence, picture = (next(each for each in sets if each[0] & 0x1F == kind) for kind in (7, 8))
    length = len(sequence).to_bytes(2, "big"), len(picture).to_bytes(2, "big")
    apart = b"\1\x42\0\x1e\xff\xe1" + length[0] + sequence + b"\1" + length[1] + picture

    def with_lengths(packet: bytes) -> bytes:
        units = [unit.rstrip(b"\0") for unit in re.split(b"\0\0\1", packet)[1:]]
        return b"".join(len(unit).to_bytes(4, "big") + unit for unit in units)

    passing = Passing(apart)
    passed = taken(passing, map(with_lengths, whole))
    assert None not in passed and decoded(passed) == 20
    assert passing.take(with_lengths(whole[0])[:-1], 1.0) is None


def test_a_stream_without_its_parameters_is_not_passed_on_before_they_come() -> None:
    whole, _ = packets(10, **PLAIN, flags="+global_header")
    complete, _ = packets(10, **PLAIN)
    passing = Passing()
    assert taken(passing, whole) == [None] * 10
    assert None not in taken(passing, complete)


def test_a_stream_is_passed_on_from_its_first_key_frame_on() -> None:
    whole, _ = packets(20, **PLAIN)
    assert [picture is not None for picture in taken(Passing(), whole[2:])] == [False] * 3 + [True] * 15


def test_a_first_key_frame_is_awaited_for_as_long_as_a_group_may_last() -> None:
    whole, _ = packets(20, **PLAIN)
    passing = Passing()
    assert not passing.awaits_key(0.0), "nothing has come"
    passing.take(whole[2], 1.0)
    assert passing.awaits_key(1.0) and passing.awaits_key(1.0 + GROUP_MAX_S)
    assert not passing.awaits_key(1.1 + GROUP_MAX_S)
    passing.take(whole[5], 1.5)
    assert not passing.awaits_key(1.5)


@pytest.mark.parametrize(
    "options",
    [
        {"bf": "2", "preset": "veryfast"},
        {"x264-params": "interlaced=1"},
        {"x264-params": "sar=4/3"},
        {"x264-params": "fake-interlaced=1"},
    ],
    ids=["b_frames", "interlaced", "pixels_not_square", "fields"],
)
def test_what_browsers_may_show_wrongly_is_never_passed_on(options: dict[str, str]) -> None:
    whole, _ = packets(60, **{**GROUP, **options})
    assert taken(Passing(), whole, rate=2) == [None] * 60


def test_pictures_larger_than_allowed_are_not_passed_on() -> None:
    whole, _ = packets(5, **PLAIN)
    assert None in taken(Passing(max_pixels=640 * 352 - 1), whole)
    assert None not in taken(Passing(max_pixels=640 * 352), whole)


def without_promise(packet: bytes) -> bytes:
    """Return a packet whose sequence parameters do not say in which order pictures are shown."""
    begin = packet.find(b"\0\0\1\x67")
    end = packet.find(b"\0\0\1", begin + 3)
    return packet if begin < 0 else packet[: end - 4] + packet[end:]


def test_without_a_promise_a_whole_group_without_b_frames_is_awaited() -> None:
    options = {**GROUP, "bf": "1", "preset": "veryfast", "profile": "main"}
    plain, _ = packets(20, **options, **{"x264-params": "b-bias=-100"})
    assert taken(Passing(), plain) == [None] * 20  # it says that there may be some
    seen = taken(Passing(), map(without_promise, plain))
    assert [picture is not None for picture in seen] == [False] * 5 + [True] * 15
    some, _ = packets(60, **options)
    assert taken(Passing(), map(without_promise, some), rate=2) == [None] * 60


@pytest.mark.parametrize("doubt", ["lost", "damaged", "two", "no_start", "noticed"])
def test_after_a_doubt_ten_seconds_and_two_groups_are_awaited(doubt: str) -> None:
    whole, _ = packets(100, **PLAIN)
    passing, rate = Passing(), 5.0
    assert None not in taken(passing, whole[:8], rate=rate)
    wrong = {"lost": whole[9], "two": whole[8] + whole[9], "no_start": b"\1" + whole[8]}.get(doubt, whole[8])
    if doubt == "noticed":
        passing.doubt()
    else:
        assert passing.take(wrong, 8 / rate, is_whole=doubt != "damaged") is None
    later = taken(passing, whole[9:], from_s=9 / rate, rate=rate)
    first = next(place for place, picture in enumerate(later) if picture is not None)
    assert later[first] is not None and later[first].is_key  # type: ignore[union-attr]
    assert first == 1 + 50  # the next key frame, and ten seconds
    assert None not in later[first:]
    # With long groups, two of them take longer.
    passing.doubt()
    slow = taken(passing, whole, from_s=100.0, rate=1.25)
    assert [place for place, picture in enumerate(slow) if picture is None] == list(range(15))


def test_a_group_that_lasts_too_long_is_not_passed_on() -> None:
    whole, _ = packets(60, **{**PLAIN, "g": "1000"})
    passed = taken(Passing(), whole, rate=10)
    assert [picture is not None for picture in passed] == [True] * 41 + [False] * 19


def test_a_group_that_is_too_large_is_not_passed_on() -> None:
    whole, _ = packets(10, **PLAIN)
    filling = b"\0\0\0\1\x0c" + b"\xff" * (GROUP_MAX_BYTES // 3)
    passed = taken(Passing(), [packet + filling for packet in whole])
    assert [picture is not None for picture in passed] == [True, True] + [False] * 8


def test_another_size_within_the_parameters_is_passed_on() -> None:
    whole, _ = packets(10, **PLAIN)
    other, _ = packets(10, **PLAIN, profile="baseline", level="5.1")
    passing = Passing()
    assert None not in taken(passing, whole)
    assert None not in taken(passing, other, from_s=1.0)


@pytest.mark.parametrize("data", [b"", b"\0\0\1", b"\0\0\1\x67", b"\0\0\1\xe5\x88", b"\0\0\1\x6e\0", b"\0\0\1\x65"])
def test_nonsense_is_a_doubt(data: bytes) -> None:
    passing = Passing(data)
    assert passing.take(data, 0.0) is None


def picture_set(number: int, size: int = 8) -> bytes:
    """Return a picture parameter set with a number: Exp-Golomb codes of that, of 0, two bits, and of 0."""
    code = bin(number + 1)[2:]
    bits = "0" * (len(code) - 1) + code + "1001" + "1" * 8
    body = bytes(int(bits[at : at + 8].ljust(8, "1"), 2) for at in range(0, len(bits), 8))
    return b"\0\0\1\x68" + body.ljust(size, b"\x80")


@pytest.mark.parametrize(("first", "fits"), [(picture_set(255), True), (picture_set(256), False)])
def test_parameter_sets_beyond_the_last_number_are_a_doubt(first: bytes, fits: bool) -> None:
    whole, _ = packets(20, **PLAIN)
    passing = Passing()
    taken(passing, whole[:2])
    assert (passing.take(first + whole[2], 0.1) is not None) == fits


def test_a_camera_cannot_fill_the_memory_with_parameter_sets() -> None:
    whole, _ = packets(20, **PLAIN)
    passing = Passing()
    for number in range(2000):
        passing.take(picture_set(number, 4000) + whole[1], number / 25)
    passing.take(picture_set(7, 100_000) + whole[1], 80.0)
    assert sum(map(len, passing._sets.values())) < 1_200_000


def test_a_picture_that_is_to_be_turned_is_not_passed_on() -> None:
    whole, _ = packets(5, **PLAIN)
    turned = b"\0\0\0\1\x06\x2f\x03\x40\0\0\x80" + whole[0]
    version = b"\0\0\0\1\x06\x05\x03\x2f\x2f\x2f\x80" + whole[0]
    assert Passing().take(turned, 0.0) is None
    assert Passing().take(version, 0.0) is not None


def test_a_coded_picture_keeps_all_but_its_timing() -> None:
    picture = CodedPicture(b"data", True, 64, 48, 30, Fraction(1, 10), 5.0).marked("captured", 1.0)
    assert picture.time_s == 3.0 and picture.trace[0].at_s == 1.0
    later = picture.retimed(50, Fraction(1, 100), 7)
    assert (later.time_s, later.sequence, later.data, later.trace) == (0.5, 7, b"data", picture.trace)
