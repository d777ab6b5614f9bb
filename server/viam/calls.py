"""What holds for every call: how it is read, within limits, and how whatever goes wrong is said.

* NOT_FOUND            no camera or service of that name, or a private one
* INVALID_ARGUMENT     what was sent cannot be answered: no picture, too large, a name given twice
* UNIMPLEMENTED        it is not done here, or this service does not give that
* FAILED_PRECONDITION  a model that cannot be used
* DEADLINE_EXCEEDED    a camera that gives no frame, or a request that came too slowly
* RESOURCE_EXHAUSTED   too many requests are waiting
* INTERNAL             a mistake of ours; only the log tells it

Never UNAVAILABLE, at which clients try again by themselves.
"""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from google.protobuf.message import DecodeError
from grpclib import GRPCError, Status
from grpclib.const import Cardinality, Handler
from grpclib.server import Stream

from ..core import (
    GRACE_S,
    PICTURE_BYTES_MAX,
    RATE_MIN,
    BrokenOff,
    InvalidRequest,
    ModelUnavailable,
    NoFrame,
    NotFound,
    RequestError,
    TooSlow,
    Unavailable,
    Unreadable,
    Unsupported,
    too_large,
)

logger = logging.getLogger(__name__)

MESSAGE_BYTES_MAX = PICTURE_BYTES_MAX + 100_000
"""A picture and what is said with it. More is not even read."""

Answer = Callable[[Any], Awaitable[Any]]
"""Gives the reply to a request."""

STATUS: Mapping[type[RequestError], Status] = {
    NotFound: Status.NOT_FOUND,
    Unsupported: Status.UNIMPLEMENTED,
    ModelUnavailable: Status.FAILED_PRECONDITION,
    NoFrame: Status.DEADLINE_EXCEEDED,
    TooSlow: Status.DEADLINE_EXCEEDED,
    Unavailable: Status.RESOURCE_EXHAUSTED,
    RequestError: Status.INVALID_ARGUMENT,
}
"""The status of each meaning; what is not here has that of the next more general one."""


class Generated(Protocol):
    """One service as the package knows it: its methods with their messages."""

    def __mapping__(self) -> Mapping[str, Handler]:
        """Return the methods by path."""


class Calls:
    """The methods of one gRPC service; those without an answer are refused with a sentence.

    Args:
        generated: The service.
        answers: What answers its methods, by name.
        refusals: Why a method is not done, by name, where there is more to say than that.
    """

    def __init__(
        self, generated: Generated, answers: Mapping[str, Answer], refusals: Mapping[str, str] | None = None
    ) -> None:
        self._mapping: dict[str, Handler] = {}
        for path, handler in generated.__mapping__().items():
            method = path.rpartition("/")[2]
            if method in answers:
                call = unary(answers[method], handler.request_type)
            else:
                call = _refusing((refusals or {}).get(method, f"camweave does not do {method}"))
            self._mapping[path] = handler._replace(func=call)

    def add(self, path: str, handler: Handler) -> None:
        """Take a method that the package does not know."""
        self._mapping[path] = handler

    def __mapping__(self) -> Mapping[str, Handler]:
        return self._mapping


class Methods(dict[str, Handler]):
    """The methods of a server by path, and a refusal with a sentence for every other path.

    grpclib's own refusal lacks a header, so that its clients say of it only that this header is missing.
    """

    def get(self, path: str, default: Any = None) -> Any:
        """Return the method of a path, or its refusal."""
        known = super().get(path)
        if known is not None:
            return known
        more = _ELSEWHERE.get(path.rpartition("/")[0], "")
        return Handler(_refusing(f"camweave does not do {path[:200]}{more}"), Cardinality.STREAM_STREAM, bytes, bytes)


_ELSEWHERE = {"/proto.stream.v1.StreamService": "; live video is WebRTC, at /whep/ and the camera's name"}


def unary(answer: Answer, request_type: type[Any]) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
    """Return an answer as a gRPC method: one request, one reply, and every error as a status with a sentence."""

    async def call(stream: Stream[Any, Any]) -> None:
        try:
            reply = await answer(await _received(stream, request_type))
        except GRPCError:
            raise
        except RequestError as error:
            status = next(STATUS[meaning] for meaning in type(error).__mro__ if meaning in STATUS)
            raise GRPCError(status, error.detail) from None
        except Exception:  # a mistake of ours: its own words are not for clients
            logger.exception("a request of a client of Viam failed")
            raise GRPCError(Status.INTERNAL, "the server failed at this request; its log says how") from None
        await stream.send_message(reply)

    return call


def _refusing(sentence: str) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
    async def call(stream: Stream[Any, Any]) -> None:
        raise GRPCError(Status.UNIMPLEMENTED, sentence)

    return call


async def _received(stream: Stream[Any, Any], request_type: type[Any]) -> Any:
    """Read the request.

    Not by the stream's own ``recv_message``: that takes whatever length the client says, up to 4 GB.
    """
    data = stream._stream
    try:
        async with asyncio.timeout(GRACE_S):
            head = await data.recv_data(5)
        if not head:
            raise InvalidRequest("the request is missing")
        compressed, size = struct.unpack(">?I", head)
        if compressed:
            raise Unsupported("compressed requests are not taken")
        if size > MESSAGE_BYTES_MAX:
            raise too_large("a request", PICTURE_BYTES_MAX)
        async with asyncio.timeout(GRACE_S + size / RATE_MIN):
            message = await data.recv_data(size)
        return request_type.FromString(message)
    except TimeoutError:
        raise TooSlow("the request came too slowly") from None
    except AssertionError:  # grpclib's word for a request that ends too early
        raise BrokenOff("the request broke off") from None
    except DecodeError:
        raise Unreadable("the request cannot be read") from None
