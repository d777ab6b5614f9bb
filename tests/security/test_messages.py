"""Large messages: they are read while everybody else is served, and what would become a million objects is refused."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.server.served import encoded
from tests.serving import Serving

from .attacks import address, answer, connected, head, peak_memory, serving, undisturbed

OUTPUTS = "/v2/models/red/outputs"
# Bytes after the end of a PNG are ignored. 128 of them have 118 MB in base64.
LARGE = encoded() + bytes(690_000)
FAILURE, INPUT_OVER_LIMIT, NO_INPUTS = 10020, 30105, 40001


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("messages")) as running:
        yield running


def sent(server: Serving, content: bytes) -> bytes:
    """Send a body to the address for Clarifai's form, and return the reply."""
    with connected(address(server)) as sender:
        sender.sendall(head(OUTPUTS, f"Content-Length: {len(content)}") + content)
        return answer(sender).read()


def repeated(piece: bytes, size: int) -> bytes:
    return piece * (size // len(piece))


@pytest.mark.parametrize(
    ("beginning", "piece", "size", "end", "code"),
    [
        (b'{"inputs": [', b"1,", 100_000_000, b"1]}", INPUT_OVER_LIMIT),
        (b'{"inputs": [', b"{},", 100_000_000, b"{}]}", INPUT_OVER_LIMIT),
        (b'{"inputs": [', b"{},", 400_000, b"{}]}", INPUT_OVER_LIMIT),
        (b'{"x": [', b"[],", 400_000, b"[]]}", NO_INPUTS),
        (b'{"x": "', b"\\\\", 20_000_000, b'"}', NO_INPUTS),
        (b'{"inputs": [{"data": {"image": {"base64": "', b"\\u0041", 20_000_000, b'"}}}]}', FAILURE),
        (b'{"inputs": [{"data": {"image": {"base64": "', b"?", 20_000_000, b'"}}}]}', FAILURE),
        (b'{"inputs": [{"data": {"image": {"url": "', b"http://a/", 20_000_000, b'"}}}]}', FAILURE),
    ],
    ids=["numbers", "inputs", "fewer inputs", "lists", "backslashes", "escapes", "no base64", "url"],
)
def test_large_json_disturbs_nobody(
    server: Serving, beginning: bytes, piece: bytes, size: int, end: bytes, code: int
) -> None:
    """Before, 100 MB of numbers stopped the event loop for 1.4 s and took 2.2 GB."""
    content = beginning + repeated(piece, size) + end
    before = peak_memory(server)
    reply = undisturbed(server, lambda: sent(server, content))
    assert f'"code":{code}' in reply.decode().replace(" ", "")
    assert peak_memory(server) - before < 150_000_000


def test_as_many_pictures_as_a_request_may_have_disturb_nobody_as_json(server: Serving) -> None:
    item = b'{"data": {"image": {"base64": "' + base64.b64encode(LARGE) + b'"}}}'
    content = b'{"inputs": [' + b", ".join([item] * 128) + b"]}"
    reply = undisturbed(server, lambda: sent(server, content))
    assert reply.count(b'"code":10000') == 129


def test_a_message_beyond_the_limit_is_not_read(tmp_path: Path) -> None:
    with serving(tmp_path, "limits: {body_bytes: 1000000}") as server:
        response = server.client.post(OUTPUTS, content=bytes(2_000_000))
        assert (response.status_code, response.json()["status"]["code"]) == (400, INPUT_OVER_LIMIT)
