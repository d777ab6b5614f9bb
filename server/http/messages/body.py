"""Read the body of a request, within limits of bytes, parts and time."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import BinaryIO

from fastapi import Request
from starlette.datastructures import Headers, UploadFile
from starlette.formparsers import MultiPartException, MultiPartParser
from starlette.requests import ClientDisconnect

from pipeline import LimitsConfig

from ...core import (
    InvalidRequest,
    RequestError,
    Unavailable,
    Unreadable,
    on_thread,
    too_large,
    too_many,
    within_limits,
)

logger = logging.getLogger(__name__)

URLS_BYTES_MAX = 300_000
"""Size limit of a list of URLs: 128 of the longest ones."""
_LARGE_BYTES = 1 << 20  # Python joins so many, and more, without blocking other threads
_SLICE = 16_000  # bytes of a form that are parsed at once


async def read_body(request: Request, limit: int, what: str) -> bytes:
    """Return the body of a request.

    Raises:
        TooLarge: The body has more than ``limit`` bytes.
        TooSlow: The body did not arrive in time.
        BrokenOff: The client disconnected before the end.
    """
    chunks = [chunk async for chunk in _chunks(request, limit, what)]
    if sum(map(len, chunks)) < _LARGE_BYTES:
        return b"".join(chunks)
    return await on_thread("api-body", lambda: b"".join(chunks))


@dataclass(frozen=True)
class Part:
    """One picture of a request: its bytes, a file that is open during the request, or an error."""

    content: bytes | BinaryIO | RequestError

    def read(self) -> bytes:
        """Return the bytes; blocks while it reads the disk.

        Raises:
            RequestError: The error of this part.
        """
        if isinstance(self.content, RequestError):
            raise self.content
        return self.content if isinstance(self.content, bytes) else self.content.read()


class _Form(MultiPartParser):
    """A parser that refuses a form without its last boundary; the framework's silently drops the incomplete part."""

    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None], parts: int) -> None:
        super().__init__(headers, self._complete(stream), max_files=parts, max_fields=parts)
        self._ended = False

    def on_end(self) -> None:
        """Record the last boundary."""
        self._ended = True

    async def _complete(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async for chunk in stream:
            yield chunk
        if not self._ended:
            raise MultiPartException("it ends before its last boundary")


@asynccontextmanager
async def pictures_of(request: Request, limits: LimitsConfig) -> AsyncIterator[list[Part]]:
    """Yield the pictures of a request: its body, or the files of its form in order. Read them within the block.

    Raises:
        TooLarge: The request has too many bytes.
        InvalidRequest: The request has too many parts.
        Unreadable: The form is malformed or has no file.
        RequestError: As for ``read_body``.
    """
    if not request.headers.get("content-type", "").lower().startswith("multipart/"):
        yield [Part(await read_body(request, limits.picture_bytes, "a picture"))]
        return
    # Parts are on the disk, except the one being read.
    chunks = _slices(_chunks(request, limits.body_bytes, "a form"))
    try:
        form = await _Form(request.headers, chunks, limits.inputs).parse()
    except MultiPartException as error:
        if error.message.startswith("Too many"):
            raise InvalidRequest(f"the form has more than {limits.inputs} parts") from None
        raise Unreadable(f"the form cannot be read: {error.message}") from None
    except (KeyError, ValueError, AssertionError) as error:
        raise Unreadable("the form cannot be read: its boundary or its headers are missing") from error
    except OSError as error:
        logger.error("a form could not be stored: %s", error)
        raise Unavailable("the server has no disk space for the form") from error
    try:
        files = [value for _, value in form.multi_items() if isinstance(value, UploadFile)]
        if not files:
            raise Unreadable("the form has no file; every picture is a file part")
        too_many_bytes = too_large("a picture", limits.picture_bytes)
        yield [Part(too_many_bytes if (file.size or 0) > limits.picture_bytes else file.file) for file in files]
    finally:
        await form.close()


def named_urls(body: bytes, limit: int) -> list[str]:
    """Return the URLs in a JSON body: ``{"image_url": URL}`` or ``{"image_urls": [URL, ...]}``.

    Args:
        body: The body.
        limit: Most URLs.

    Raises:
        Unreadable: The body has another form.
        InvalidRequest: The body has too many URLs.
    """
    wanted = 'the JSON must be {"image_url": URL} or {"image_urls": [URL, ...]}'
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable(f"the body is not JSON; {wanted}") from None
    if not isinstance(content, dict) or len(content) != 1:
        raise Unreadable(wanted)
    urls = [content["image_url"]] if "image_url" in content else content.get("image_urls")
    if not isinstance(urls, list) or not urls or not all(isinstance(url, str) for url in urls):
        raise Unreadable(wanted)
    if len(urls) > limit:
        raise too_many(len(urls), limit)
    return urls


async def _slices(chunks: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
    """Yield chunks in slices, after each of which other requests take turns: a chunk can have a hundred small parts."""
    async for chunk in chunks:
        for at in range(0, len(chunk), _SLICE):
            yield chunk[at : at + _SLICE]
            await asyncio.sleep(0)


def _chunks(request: Request, limit: int, what: str) -> AsyncGenerator[bytes, None]:
    length = request.headers.get("content-length")
    return within_limits(request.stream(), length=length, limit=limit, what=what, disconnect=ClientDisconnect)
