"""Bodies that come slowly, in great numbers, in tiny pieces, or where nobody reads them."""

from __future__ import annotations

import contextlib
import socket
import urllib.error
import urllib.request
from pathlib import Path

import pytest

from .attacks import DETECT, address, answer, closed_by_server, connected, cost_s, head, serving, undisturbed

PICTURE = 19_900_000


def test_a_body_that_stops_is_given_up_after_the_idle_time(tmp_path: Path) -> None:
    """Before, the time for a body grew with what had come: after 19.9 MB at once, it stayed open for 637 s."""
    with serving(tmp_path, "limits: {body_idle_s: 0.3}") as server, connected(address(server)) as slow:
        slow.sendall(head(DETECT, f"Content-Length: {PICTURE + 100}") + bytes(PICTURE))
        response = answer(slow)
        assert (response.status, response.getheader("Connection")) == (408, "close")
        assert b"the body arrived too slowly" in response.read()


def test_a_body_that_trickles_is_given_up_after_the_total_time(tmp_path: Path) -> None:
    with serving(tmp_path, "limits: {body_idle_s: 5, body_total_s: 0.5}") as server:
        with connected(address(server)) as slow:
            slow.sendall(head(DETECT, "Content-Length: 1000000"))
            slow.settimeout(0.05)
            for _ in range(200):
                slow.sendall(b"x")
                with contextlib.suppress(TimeoutError):
                    slow.recv(1, socket.MSG_PEEK)
                    break
            slow.settimeout(20)
            assert answer(slow).status == 408


def test_bodies_in_flight_are_limited_in_all_and_per_address(tmp_path: Path) -> None:
    with (
        serving(tmp_path, "limits: {bodies: 3, bodies_per_address: 2}") as server,
        contextlib.ExitStack() as stack,
    ):

        def waiting(source: str) -> socket.socket:
            made = stack.enter_context(connected(address(server), source))
            made.sendall(head(DETECT, "Content-Length: 1000000", "Expect: 100-continue"))
            return made

        for source in ("127.0.0.1", "127.0.0.1", "127.0.0.2"):
            assert waiting(source).recv(100).startswith(b"HTTP/1.1 100 ")
        for source, status in (("127.0.0.1", 503), ("127.0.0.3", 503)):
            response = answer(waiting(source))
            assert (response.status, response.getheader("Retry-After")) == (status, "1")
        stack.close()
        for source in ("127.0.0.1", "127.0.0.1"):
            assert waiting(source).recv(100).startswith(b"HTTP/1.1 100 ")
        response = answer(waiting("127.0.0.1"))
        assert (response.status, response.getheader("Retry-After")) == (429, "1")
        assert server.client.get("/healthz").status_code == 200


@pytest.mark.parametrize(
    ("path", "token", "status"), [(DETECT, "wrong-token", 401), ("/api/vision/none/detections", "correct-horse", 404)]
)
def test_tiny_chunks_cost_little_where_nobody_reads_them(tmp_path: Path, path: str, token: str, status: int) -> None:
    """Before, a megabyte of them took 1.9 s on the event loop, even when the request was refused."""

    def attack() -> None:
        with connected(address(server)) as tiny:
            tiny.sendall(head(path, f"Authorization: Bearer {token}", "Transfer-Encoding: chunked"))
            with contextlib.suppress(ConnectionError):
                tiny.sendall(b"1\r\nx\r\n" * 200_000 + b"0\r\n\r\n")
            assert answer(tiny).status == status
            assert closed_by_server(tiny)

    with serving(tmp_path, "tokens: [correct-horse]") as server:
        undisturbed(server, attack)
        assert cost_s(server, attack) < 0.3


def test_tiny_chunks_are_refused_where_they_are_read(tmp_path: Path) -> None:
    def attack() -> None:
        with connected(address(server)) as tiny:
            tiny.sendall(head(DETECT, "Transfer-Encoding: chunked") + b"1\r\nx\r\n" * 200_000 + b"0\r\n\r\n")
            response = answer(tiny)
            assert (response.status, response.getheader("Content-Type")) == (400, "application/problem+json")
            assert b"too small" in response.read()
            assert closed_by_server(tiny)

    with serving(tmp_path) as server:
        undisturbed(server, attack)
        assert cost_s(server, attack) < 0.3


@pytest.mark.parametrize(
    ("path", "headers", "size", "status"),
    [
        (DETECT, {"Authorization": "Bearer wrong-token"}, PICTURE, 401),
        ("/api/vision/none/detections", {}, PICTURE, 404),
        ("/api/vision/red/captions", {}, PICTURE, 400),
        (DETECT, {}, 2 * PICTURE, 413),
        ("/whep/pattern", {}, PICTURE, 415),
        ("/whep/pattern", {"Content-Type": "application/sdp"}, PICTURE, 413),
        ("/v2/models/red/outputs", {"Authorization": "Key wrong-token"}, PICTURE, 401),
    ],
)
def test_a_client_that_sends_before_it_reads_gets_an_early_answer(
    tmp_path: Path, path: str, headers: dict[str, str], size: int, status: int
) -> None:
    """Python's urllib sends its whole body first; before, it saw a reset connection from 19 MB on."""
    with serving(tmp_path, "tokens: [correct-horse]") as server:
        given = {"Authorization": "Bearer correct-horse", "Content-Type": "image/jpeg", **headers}
        request = urllib.request.Request(server.url[:-1] + path, bytes(size), given)
        with pytest.raises(urllib.error.HTTPError) as refused:
            urllib.request.urlopen(request, timeout=20)
        with refused.value as response:
            assert (response.code, response.headers["Connection"]) == (status, "close")
            assert response.read()


def test_reading_on_after_an_early_answer_has_its_limits(tmp_path: Path) -> None:
    with serving(tmp_path, "limits: {body_idle_s: 0.3, body_bytes: 1000000}") as server:
        with connected(address(server)) as silent:
            silent.sendall(head("/api/vision/none/detections", "Content-Length: 1000") + b"x")
            assert answer(silent).status == 404
            assert closed_by_server(silent)
        with connected(address(server)) as endless:
            endless.sendall(head("/api/vision/none/detections", "Transfer-Encoding: chunked"))
            assert answer(endless).status == 404
            with pytest.raises(ConnectionError):
                for _ in range(1000):
                    endless.sendall(bytes(100_000))
