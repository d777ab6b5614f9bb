"""The parts of a multipart body, with everything that cameras get wrong."""

from collections.abc import Callable

import cv2
import numpy as np
import pytest

from cameras.network.picture_parts import PictureParts

JPEGS = [cv2.imencode(".jpg", np.full((48, 64, 3), number * 20, np.uint8))[1].tobytes() for number in range(6)]
NOT = b"<html>busy</html>"


def part(body: bytes, *, length: int | None = None, before: bytes = b"--part\r\n", after: bytes = b"\r\n") -> bytes:
    head = f"Content-Type: image/jpeg\r\nContent-Length: {len(body) if length is None else length}\r\n\r\n"
    return before + head.encode() + body + after


def bare(body: bytes) -> bytes:
    return b"--part\r\nContent-Type: image/jpeg\r\n\r\n" + body + b"\r\n"


def pictures(data: bytes, *, boundary: str = "part", piece: int = 100_000) -> list[bytes]:
    parts = PictureParts(boundary)
    found = [picture for start in range(0, len(data), piece) for picture in parts.add(data[start : start + piece])]
    return [*found, *parts.idle()]


@pytest.mark.parametrize("piece", [1, 7, 500, 100_000])
@pytest.mark.parametrize(
    "data",
    [
        b"".join(map(part, JPEGS)),
        b"".join(map(bare, JPEGS)),
        b"".join(part(jpeg, before=b"", after=b"\r\n--part\r\n") for jpeg in JPEGS),
        b"\r\n" + b"".join(part(jpeg, before=b"--part\n") for jpeg in JPEGS).replace(b"\r\n\r\n", b"\n\n"),
        b"".join(part(jpeg, before=b"\r\n\r\n----part  \r\n") for jpeg in JPEGS),
        b"".join(b"--part\r\n\r\n" + jpeg for jpeg in JPEGS),
        b"".join(JPEGS),
        b"\r\n".join(JPEGS) + b"\r\n",
        b"".join(map(part, JPEGS)) + b"--part--\r\n",
    ],
    ids=["whole", "no lengths", "no first boundary", "LF", "long boundary", "no headers", "nothing", "CRLF", "closed"],
)
def test_every_picture_comes_once(data: bytes, piece: int) -> None:
    assert pictures(data, piece=piece) == JPEGS


@pytest.mark.parametrize("length", [1, 100, 2000, 20_000, 10**9, 10**13])
def test_a_wrong_length_costs_nothing_else(length: int) -> None:
    data = part(JPEGS[0]) + part(JPEGS[1], length=length) + b"".join(map(part, JPEGS[2:]))
    assert pictures(data, piece=97) == JPEGS


def test_all_lengths_may_be_wrong() -> None:
    assert pictures(b"".join(part(jpeg, length=len(jpeg) + 7) for jpeg in JPEGS) + b"--part\r\n") == JPEGS
    assert pictures(b"".join(part(jpeg, length=len(jpeg) - 7) for jpeg in JPEGS) + b"--part\r\n") == JPEGS


@pytest.mark.parametrize("wrong", [part(NOT), bare(NOT), part(b""), part(JPEGS[0][2:]), b"--part\r\nX: y\r\n\r\n\r\n"])
def test_a_part_that_is_no_picture_is_given_as_an_empty_one(wrong: bytes) -> None:
    found = pictures(part(JPEGS[0]) + wrong + part(JPEGS[1]) + part(JPEGS[2]))
    assert [picture for picture in found if picture] == JPEGS[:3]
    assert found.count(b"") == 1


@pytest.mark.parametrize("boundary", ["part", "--part", '"', ""])
def test_the_boundary_may_be_stated_in_any_way(boundary: str) -> None:
    name = b"--part" if "part" in boundary or not boundary else b'--"'
    data = b"".join(map(part, JPEGS)).replace(b"--part", name)
    assert pictures(data, boundary=boundary) == JPEGS


def test_a_picture_with_its_length_needs_nothing_after_it() -> None:
    parts = PictureParts("part")
    assert list(parts.add(part(JPEGS[0], after=b""))) == JPEGS[:1]
    assert list(parts.idle()) == []


def test_a_picture_inside_another_is_part_of_it() -> None:
    thumbnail = JPEGS[1]
    outer = b"\xff\xd8\xff\xe1" + (len(thumbnail) + 2).to_bytes(2, "big") + thumbnail + JPEGS[0][2:]
    assert pictures(b"".join([outer, JPEGS[2], outer])) == [outer, JPEGS[2], outer]


@pytest.mark.parametrize("make", [lambda: bytes(300_000), lambda: np.random.default_rng(1).bytes(300_000)])
def test_noise_is_no_picture(make: Callable[[], bytes]) -> None:
    assert not any(pictures(make() + b"--part\r\n"))
