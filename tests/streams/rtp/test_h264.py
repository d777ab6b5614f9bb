from __future__ import annotations

import random

import pytest
from aiortc.codecs.h264 import H264PayloadDescriptor

from streams.rtp import h264_payloads
from streams.rtp.limits import PAYLOAD_MAX

SPS, PPS, SEI = b"\x67\x42\xc0\x1f\x01", b"\x68\xce\x3c\x80", b"\x06\x05\x01\x80"


def unit(kind: int, size: int) -> bytes:
    """Return a unit without zeros."""
    body = random.Random(size).choices(range(1, 256), k=size - 1)  # not a secret
    return bytes((kind, *body))


def stream(*units: bytes, start_code: bytes = b"\0\0\0\1") -> bytes:
    return b"".join(start_code + each for each in units)


def received(payloads: tuple[bytes, ...]) -> bytes:
    """Return what aiortc's receiver makes of the payloads."""
    return b"".join(H264PayloadDescriptor.parse(payload)[1] for payload in payloads)


def test_parameter_sets_share_a_packet_and_a_large_unit_is_cut_into_equal_parts() -> None:
    picture = unit(0x65, 5000)
    payloads = h264_payloads(stream(SPS, PPS, SEI, picture))
    assert payloads[0] == b"\x78" + b"".join(len(each).to_bytes(2, "big") + each for each in (SPS, PPS, SEI))
    fragments = payloads[1:]
    assert {len(each) for each in fragments[:-1]} == {PAYLOAD_MAX} and len(fragments[-1]) <= PAYLOAD_MAX
    assert [each[1] & 0xC0 for each in fragments] == [0x80, *[0] * (len(fragments) - 2), 0x40]
    assert received(payloads) == stream(SPS, PPS, SEI, picture)


@pytest.mark.parametrize("size", [2, PAYLOAD_MAX, PAYLOAD_MAX + 1, 2 * PAYLOAD_MAX - 3, 2 * PAYLOAD_MAX - 2, 70_000])
def test_units_of_any_size_arrive_whole(size: int) -> None:
    data = stream(unit(0x41, size))
    payloads = h264_payloads(data)
    assert max(map(len, payloads)) <= PAYLOAD_MAX
    assert received(payloads) == data


def test_units_that_do_not_fit_into_one_packet_together_get_several() -> None:
    units = [unit(0x41, 500) for _ in range(5)]
    payloads = h264_payloads(stream(*units, start_code=b"\0\0\1"))
    assert [len(each) for each in payloads] == [1005, 1005, 500]
    assert received(payloads) == stream(*units)


def test_delimiters_and_filler_are_left_out_and_zeros_before_a_start_code_too() -> None:
    data = b"\0\0\0\1\x09\xf0" + b"\0\0\1\x41abc\0\0" + b"\0\0\1\x0c\xff\xff\x80" + b"\0\0\1"
    assert h264_payloads(data) == (b"\x41abc",)


@pytest.mark.parametrize("kind", [0, 24, 28, 29, 31])
def test_units_that_receivers_would_take_for_packets_are_left_out(kind: int) -> None:
    assert h264_payloads(stream(b"\x41abc", bytes((0x60 | kind,)) + b"\x85abc", b"\x41def")) == (
        b"\x58\0\x04\x41abc\0\x04\x41def",
    )


@pytest.mark.parametrize("data", [b"", b"abc", b"\0\0\1"])
def test_data_without_units_gives_no_packets(data: bytes) -> None:
    assert h264_payloads(data) == ()


def test_the_importance_of_shared_packets_is_that_of_the_most_important() -> None:
    assert h264_payloads(stream(b"\x01a", b"\x61b"))[0][0] == 0x60 | 24
