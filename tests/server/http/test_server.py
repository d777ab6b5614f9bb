"""Connections that speak something else."""

from ..served import Served, said


def test_what_is_no_http_does_no_harm(served: Served) -> None:
    answer = said(served, b"\x16\x03\x01\x02\x00hello\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
    assert b'"detail": "this is no HTTP request"' in answer
    assert served.client.get("/healthz").status_code == 200
