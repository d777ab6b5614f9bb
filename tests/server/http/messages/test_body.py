"""Bodies that are slow, incomplete or declare a wrong size."""

from __future__ import annotations

import asyncio
import gc

import pytest
from fastapi import Request

from pipeline import LimitsConfig
from server.core import RequestError
from server.http.messages import Part, pictures_of

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


def form_of(number: int, picture: bytes) -> Request:
    """Return a request with a form of pictures, which arrives in pieces."""
    part = b"--x\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\n%b\r\n" % picture
    body = part * number + b"--x--\r\n"
    pieces = [body[at : at + 50_000] for at in range(0, len(body), 50_000)]

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": pieces.pop(0), "more_body": bool(pieces)}

    headers = [(b"content-type", b"multipart/form-data; boundary=x")]
    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": headers}, receive)


def test_a_picture_of_a_form_is_one_object_for_the_garbage_collector() -> None:
    """With the ten of the framework, collecting a hundred forms stopped the event loop for 0.15 s."""
    number = 128

    async def main() -> float:
        request = form_of(number, b"picture")
        gc.collect()
        before = len(gc.get_objects())
        async with pictures_of(request, LimitsConfig(inputs=number)) as pictures:
            assert [picture.read() for picture in pictures] == [b"picture"] * number
            return (len(gc.get_objects()) - before) / number

    assert asyncio.run(main()) < 2


@pytest.mark.parametrize("size", [999_999, 1_100_000, 1_100_001], ids=["in memory", "on the disk", "too large"])
def test_a_picture_of_a_form_is_read_wherever_it_is(size: int) -> None:
    async def main() -> list[Part]:
        async with pictures_of(form_of(2, bytes(size)), LimitsConfig(picture_bytes=1_100_000)) as pictures:
            for picture in pictures:
                if size <= 1_100_000:
                    assert picture.read() == bytes(size)
                else:
                    with pytest.raises(RequestError, match="a picture must be under"):
                        picture.read()
            return pictures

    for picture in asyncio.run(main()):
        if size == 1_100_000:
            with pytest.raises(ValueError, match="closed file"):
                picture.read()
