"""Headers, addresses and bodies that cannot be read: each request gets an answer, and none of them is 500."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator

import pytest

from tests.serving import Serving

from .attacks import DETECT, address, answer, connected, head, serving

HEADERS = [
    "Accept",
    "Access-Control-Request-Method",
    "Authorization",
    "Content-Length",
    "Content-Type",
    "Cookie",
    "Expect",
    "Forwarded",
    "Host",
    "If-Match",
    "If-None-Match",
    "Origin",
    "Referer",
    "Sec-Fetch-Dest",
    "Sec-Fetch-Mode",
    "Sec-Fetch-Site",
    "Transfer-Encoding",
    "Upgrade",
    "X-Forwarded-For",
    "X-Forwarded-Host",
    "X-Forwarded-Prefix",
    "X-Forwarded-Proto",
    "X-Requested-With",
]
VALUES = [
    "",
    "http://[",
    "http://]",
    "http://localhost:99999999",
    "http://localhost:x",
    "http://[::1%25x]:1/",
    "http://\xe9\xff",
    "http://xn--\xe9",
    "https://user:pass@[v1.x]:0",
    "//[",
    "[",
    "[::1",
    "localhost:99999999",
    ":",
    ";;,=,;q=nan",
    "image/png;q=inf, image/jpeg;q=-1e999",
    "Basic \xff",
    "Basic ====",
    "Bearer \xff.\xff",
    "Bearer WzFd.WzFd",
    "camweave-0=\xff",
    'for="[::1";proto="',
    "null",
    "9" * 5000,
    "-1",
    "multipart/form-data; boundary=" + "x" * 300,
    "multipart/form-data; boundary=\xff; charset=undefined",
    "application/json; charset=punycode",
    "%00%ff%",
    "/..//\\",
    'W/"\xff',
    "100-continue",
    "websocket",
]
HALF_PAIR = r'"\ud800"'


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    text = "trusted_proxies: [127.0.0.1], allow_image_urls: true, tokens: [correct-horse-battery]"
    with serving(tmp_path_factory.mktemp("garbage"), text) as running:
        running.client.headers["Authorization"] = "Bearer correct-horse-battery"
        yield running


def status_of(server: Serving, request: bytes) -> int:
    with connected(address(server)) as client:
        client.sendall(request)
        return answer(client).status


def request(name: str, value: str, path: str = "/api/cameras", method: str = "GET") -> bytes:
    """Return a request with a header, in place of the usual one."""
    lines = {"Host": "localhost", "Authorization": "Bearer correct-horse-battery", "Connection": "close", name: value}
    return "\r\n".join([f"{method} {path} HTTP/1.1", *map(": ".join, lines.items()), "", ""]).encode("latin-1")


@pytest.mark.parametrize("name", HEADERS)
def test_headers(server: Serving, name: str) -> None:
    """Before, an ``Origin`` of ``http://[`` was answered with 500, and logged with a traceback."""
    for value in VALUES:
        assert status_of(server, request(name, value)) != 500, value
    assert "Traceback" not in server.errors()


def test_addresses(server: Serving) -> None:
    paths = ["/%ff", "/%00", "/api/cameras/%ed%a0%80", "/api/cameras/%ff/image?annotations=%ff", "/watch/%ed%a0%80"]
    paths += ["/v2/models/%ed%a0%80/outputs", "/api/vision/%ff/%ff", "/whep/%ff/%ff", f"{DETECT}?n={'9' * 5000}"]
    paths += [f"{DETECT}?camera=%ed%a0%80", f"{DETECT}?confidence_threshold=nan", "/?a=%", "//[", "/page/%2e%2e/%00"]
    for path in paths:
        for method in ("GET", "POST", "PATCH", "DELETE", "OPTIONS"):
            assert status_of(server, request("X", "y", path, method)) != 500, (method, path)
    assert "Traceback" not in server.errors()


@pytest.mark.parametrize(
    "text", [HALF_PAIR, f"{{{HALF_PAIR}: {HALF_PAIR}}}", "9" * 5000, "[" * 5000, "1e999", '"\\u0000"']
)
def test_json(server: Serving, text: str) -> None:
    """Before, half of a surrogate pair as a key was answered with 500: protobuf raises ``SystemError`` for it."""
    inputs = "/v2/models/red/outputs"
    bodies = {
        inputs: [
            text,
            f'{{"inputs": {text}}}',
            f'{{"inputs": [{{"id": {text}, "data": {{"image": {{"url": {text}, "base64": {text}}}}}}}]}}',
            f'{{"inputs": [{{"data": {{"metadata": {{"a": {text}}}}}}}], "model": {text}, "version_id": {text}}}',
        ],
        DETECT: [text, f'{{"image_url": {text}}}', f'{{"image_urls": [{text}]}}'],
        "/sign-in": [text, f'{{"token": {text}}}'],
        "/api/link": [text, f'{{"link": {text}}}'],
    }
    for path, all_of_it in bodies.items():
        for body in all_of_it:
            response = server.client.post(path, content=body, headers={"Content-Type": "application/json"})
            assert 400 <= response.status_code < 500, (path, body, response.text)
            json.loads(response.text)
    assert "Traceback" not in server.errors()


def test_bytes(server: Serving) -> None:
    chance = random.Random(1)
    for size in (10, 100, 1000):
        for kind in ("application/json", "application/sdp", "image/png", "multipart/form-data; boundary=x"):
            for path in ("/v2/models/red/outputs", DETECT, "/sign-in", "/api/link", "/whep/pattern"):
                body = chance.randbytes(size)
                response = server.client.post(path, content=body, headers={"Content-Type": kind})
                assert 400 <= response.status_code < 500, (path, kind, body)
    assert "Traceback" not in server.errors()


@pytest.mark.parametrize("length", ["0", "5", "100"])
def test_a_body_with_a_length_and_chunks_is_refused(server: Serving, length: str) -> None:
    """Before, the chunks counted. A proxy that believes the length would take the rest for a request of its own."""
    with connected(address(server)) as smuggler:
        lines = (f"Content-Length: {length}", "Transfer-Encoding: chunked")
        smuggler.sendall(head("/sign-out", *lines) + b"0\r\n\r\n" + head("/healthz", method="GET"))
        response = answer(smuggler)
        assert (response.status, response.getheader("Connection")) == (400, "close")
        assert b"a Content-Length or a Transfer-Encoding, but not both" in response.read()
        assert not smuggler.recv(1000)
