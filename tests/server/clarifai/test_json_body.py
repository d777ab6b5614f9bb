"""JSON in chunks of any size: long strings are set aside, and read as base64."""

from __future__ import annotations

import base64
import json
import random
from typing import Any

import pytest

from server.clarifai.json_body import REST_BYTES_MAX, STRING_BYTES_MAX, JsonBody, NotBase64
from server.core import TooLarge

LONG = "A" * (STRING_BYTES_MAX + 4)
DATA = random.Random(5).randbytes(100_000)


def body_of(content: bytes, size: int = 1 << 20) -> JsonBody:
    body = JsonBody()
    for at in range(0, len(content), size):
        body.add(content[at : at + size])
    return body


@pytest.mark.parametrize("size", [1, 2, 7, 1000, 1 << 20])
def test_what_is_left_and_what_is_set_aside_make_the_whole(size: int) -> None:
    text = base64.b64encode(DATA).decode()
    content: dict[str, Any] = {
        "plain": ["x", 5, None, True, -1.5e3],
        'quo"ted\\': 'a \\" b \\\\',
        "slashes": "\\" * (STRING_BYTES_MAX // 2 - 1),
        "long": text,
        "longer": {"escaped": LONG},
    }
    body = body_of(json.dumps(content).replace("/", "\\/").encode(), size)
    parsed = body.parsed()
    assert {**parsed, "long": text, "longer": content["longer"]} == content
    assert body.bytes_of(parsed["long"], len(DATA)) == DATA
    assert body.beginning(parsed["longer"]["escaped"]) == LONG[: STRING_BYTES_MAX + 1]
    assert body.beginning("short") == "short"


@pytest.mark.parametrize("size", [3, 64, 1 << 20])
@pytest.mark.parametrize(
    "written",
    [
        lambda text: text,
        lambda text: text.rstrip("="),
        lambda text: text.replace("+", "-").replace("/", "_"),
        lambda text: "\\n".join(text[at : at + 76] for at in range(0, len(text), 76)) + "\\r\\n",
        lambda text: text.replace("/", "\\/").replace("+", "\\u002b").replace("A", "\\u0041"),
        lambda text: " \\t" + text + "  ",
    ],
)
def test_every_form_of_base64_is_read(written: Any, size: int) -> None:
    for length in (0, 1, 2, 3, 20_000):
        content = f'["{written(base64.b64encode(DATA[:length]).decode())}"]'.encode()
        body = body_of(content, size)
        assert body.bytes_of(body.parsed()[0], 20_000) == DATA[:length]


@pytest.mark.parametrize(
    "text",
    [
        "A",
        "A" * 9997,
        "AA=A",
        "AAA===",
        LONG + "A===",
        "?" + LONG,
        LONG + "?",
        LONG + "\\u00e9AAA",
        "\\\\AA",
        "ä",
    ],
)
def test_what_is_no_base64_is_an_error(text: str) -> None:
    body = body_of(f'["{text}"]'.encode())
    with pytest.raises(NotBase64):
        body.bytes_of(body.parsed()[0], 100_000)


def test_a_picture_that_is_too_large_is_not_decoded() -> None:
    body = body_of(b'["' + b"A" * 20_001 + b'"]')
    with pytest.raises(TooLarge, match="a picture must be under 10 kB"):
        body.bytes_of(body.parsed()[0], 10_000)


def test_a_body_may_only_be_large_by_its_long_strings() -> None:
    body_of(b'["' + b"A" * (2 * REST_BYTES_MAX) + b'"]')
    with pytest.raises(TooLarge, match="a request must be under 500 kB besides the base64 of its pictures"):
        body_of(b"[" + b"1," * REST_BYTES_MAX, 1000)


def test_a_mark_cannot_be_guessed() -> None:
    body = body_of(f'["{LONG}", "00000000000000000", "0"]'.encode())
    _, first, second = body.parsed()
    assert (body.beginning(first), body.beginning(second)) == ("00000000000000000", "0")


@pytest.mark.parametrize("content", [b"{", b'["' + b"A" * 10_000, b'["' + b"A" * 10_000 + b"\\", b"\xff"])
def test_what_is_no_json_is_an_error(content: bytes) -> None:
    with pytest.raises(ValueError):
        body_of(content).parsed()


def test_an_empty_body_is_an_empty_object() -> None:
    assert body_of(b"").parsed() == {}
