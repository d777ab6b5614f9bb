"""Bodies that are slow, incomplete or declare a wrong size."""

from ...served import Served, limited, said

HEAD = b"POST /api/vision/names/classifications HTTP/1.1\r\nHost: localhost\r\n"


def test_a_body_that_does_not_arrive_is_refused(served: Served) -> None:
    with limited(served, body_idle_s=0.2):
        answer = said(served, HEAD + b"Content-Length: 1000\r\n\r\nabc")
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert b'"detail":"the body arrived too slowly"' in answer


def test_a_body_that_declares_too_many_bytes_is_not_read(served: Served) -> None:
    answer = said(served, HEAD + b"Connection: close\r\nContent-Length: 99999999999\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 413 ")
