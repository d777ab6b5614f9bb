"""What all endpoints of live streams have in common: who asks, how long they may stay, and the statuses of errors."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager
from typing import Any

from starlette.requests import HTTPConnection
from starlette.types import Scope

from streams import (
    ByteStream,
    EtagMismatch,
    IceRestart,
    InvalidSdp,
    NoConnection,
    NothingInCommon,
    NotStreamed,
    SdpTooLong,
    TooManyPeersOfAddress,
    UnknownCamera,
    UnknownSession,
    ViewingError,
)

from ...core import Tokens, client_of, current_caller
from ..access import ABORT
from ..messages import HttpError

STATUS: Mapping[type[ViewingError], int] = {
    InvalidSdp: 400,
    UnknownCamera: 404,
    UnknownSession: 404,
    NothingInCommon: 406,
    NotStreamed: 406,
    EtagMismatch: 412,
    SdpTooLong: 413,
    IceRestart: 422,
    TooManyPeersOfAddress: 429,
    NoConnection: 503,
}
"""The HTTP status of each error."""


REST_S = 0.5
"""How long a client may take to read the rest of a stream that has ended."""


@contextmanager
def viewing_errors() -> Iterator[None]:
    """Turn the errors of live streams in the block into HTTP errors.

    Raises:
        HttpError: For each ViewingError.
    """
    try:
        yield
    except ViewingError as error:
        status = next(STATUS[meaning] for meaning in type(error).__mro__ if meaning in STATUS)
        headers = {} if error.retry_after_s is None else {"Retry-After": str(error.retry_after_s)}
        raise HttpError(status, error.detail, headers) from error


def client_key(request: HTTPConnection) -> str:
    """Return the key by which the client of a request or a WebSocket is counted."""
    return "" if request.client is None else client_of(request.client.host)


def withdrawal_of(tokens: Tokens, right: str, camera: str) -> Callable[[], str]:
    """Return what tells why the present caller may use a camera no longer; it says nothing while the caller may.

    Its permission may expire, and another configuration may have other tokens.
    """
    caller = current_caller()
    return lambda: tokens.withdrawal(caller, right, camera)


@asynccontextmanager
async def watched(stream: ByteStream, leaving: Coroutine[Any, Any, None], scope: Scope) -> AsyncIterator[None]:
    """Send a stream in the block; close it afterwards.

    A client that does not read the rest of a stream that has ended is disconnected.

    Args:
        stream: The stream.
        leaving: Ends the stream when its client has left; cancelled after the block.
        scope: The scope of the request.
    """

    async def cut_off() -> None:
        await stream.wait_ended()
        await asyncio.sleep(REST_S)
        if ABORT in scope:
            scope[ABORT]()

    tasks = [asyncio.create_task(work, name=f"reader {stream.id}") for work in (leaving, cut_off())]
    try:
        yield
    finally:
        for task in tasks:
            task.cancel()
        stream.close()
