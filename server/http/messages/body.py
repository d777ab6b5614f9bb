"""Read the body of a request, within limits of bytes, parts and time."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from tempfile import SpooledTemporaryFile
from typing import BinaryIO, cast

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


@dataclass(frozen=True, slots=True)
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
    """A parser for pictures. It differs from the framework's parser in two ways.

    * It refuses a form without its last boundary; the framework's silently drops the incomplete part.
    * It keeps small pictures as bytes. The framework's keeps ten objects for each: of a hundred forms with a hundred
      pictures, a full garbage collection stops the program for a tenth of a second.

    Attributes:
        pictures: The files that are complete.
        files: Those of them on the disk. The caller closes them, unless ``parse`` raises an exception.
    """

    def __init__(self, headers: Headers, stream: AsyncGenerator[bytes, None], limits: LimitsConfig) -> None:
        super().__init__(headers, self._complete(stream), max_files=limits.inputs, max_fields=limits.inputs)
        self.pictures: list[Part] = []
        self.files: list[UploadFile] = []
        self._too_many_bytes = Part(too_large("a picture", limits.picture_bytes))
        self._picture_bytes = limits.picture_bytes
        self._ended = False

    def on_end(self) -> None:
        """Record the last boundary."""
        self._ended = True

    async def _complete(self, stream: AsyncGenerator[bytes, None]) -> AsyncGenerator[bytes, None]:
        async for chunk in stream:
            yield chunk
            self._take()
        if not self._ended:
            raise MultiPartException("it ends before its last boundary")

    def _take(self) -> None:
        """Take the parts that are complete."""
        complete, self.items = self.items, []
        for _, part in complete:
            if not isinstance(part, UploadFile):
                continue
            size, file = part.size or 0, part.file
            in_memory = size <= self.spool_max_size
            if size > self._picture_bytes:
                self.pictures.append(self._too_many_bytes)
            else:
                self.pictures.append(Part(file.read() if in_memory else file))
            if in_memory:
                file.close()
                self._files_to_close_on_error.remove(cast(SpooledTemporaryFile[bytes], file))
            else:
                self.files.append(part)


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
    # Large parts are on the disk.
    chunks = _slices(_chunks(request, limits.body_bytes, "a form"))
    try:
        form = _Form(request.headers, chunks, limits)
        await form.parse()
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
        if not form.pictures:
            raise Unreadable("the form has no file; every picture is a file part")
        yield form.pictures
    finally:
        for file in form.files:
            await file.close()


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
