"""Bodies that come slowly, break off or lie about their size."""

import socket

import pytest

from server.core import limits

from ...served import Served

HEAD = b"POST /api/vision/names/classifications HTTP/1.1\r\nHost: localhost\r\n"


def said(served: Served, request: bytes) -> bytes:
    """Send bytes, nothing more, and give what comes back until the server hangs up."""
    address = (served.client.base_url.host, served.client.base_url.port)
    with socket.create_connection(address, timeout=20) as connection:
        connection.sendall(request)
        answer = b""
        while chunk := connection.recv(65536):
            answer += chunk
        return answer


def test_a_body_that_does_not_come_is_given_up(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "GRACE_S", 0.2)
    answer = said(served, HEAD + b"Content-Length: 1000\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"detail":"the body came too slowly"' in answer


def test_a_body_that_says_too_much_is_not_read(served: Served) -> None:
    answer = said(served, HEAD + b"Connection: close\r\nContent-Length: 99999999999\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_what_is_no_http_does_no_harm(served: Served) -> None:
    answer = said(served, b"\x16\x03\x01\x02\x00hello\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
    assert b'"detail": "this is no HTTP request"' in answer
    assert served.client.get("/healthz").status_code == 200
