"""The common part of all calls: reading requests within limits, and mapping errors to gRPC statuses.

* NOT_FOUND            no camera or service has that name, or it is private
* INVALID_ARGUMENT     the request is invalid: not a picture, too large, a name given twice
* UNIMPLEMENTED        the server or this service does not support the call
* FAILED_PRECONDITION  the model cannot be used
* DEADLINE_EXCEEDED    the camera gives no frame, or the request arrived too slowly
* RESOURCE_EXHAUSTED   too many requests are waiting
* INTERNAL             a bug of ours; details are in the log only

Never UNAVAILABLE: clients retry on it by themselves.
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
"""Size limit of a message: a picture and its parameters. Larger messages are not read."""

Answer = Callable[[Any], Awaitable[Any]]
"""Returns the reply to a request."""

STATUS: Mapping[type[RequestError], Status] = {
    NotFound: Status.NOT_FOUND,
    Unsupported: Status.UNIMPLEMENTED,
    ModelUnavailable: Status.FAILED_PRECONDITION,
    NoFrame: Status.DEADLINE_EXCEEDED,
    TooSlow: Status.DEADLINE_EXCEEDED,
    Unavailable: Status.RESOURCE_EXHAUSTED,
    RequestError: Status.INVALID_ARGUMENT,
}
"""The gRPC status of each error; an error that is not listed has the status of its base class."""


class Generated(Protocol):
    """A generated service: its methods with their messages."""

    def __mapping__(self) -> Mapping[str, Handler]:
        """Return the methods by path."""


class Calls:
    """The methods of one gRPC service; calls of unsupported ones are refused with a sentence.

    Args:
        generated: The generated service.
        answers: The supported methods, by name.
        refusals: Special sentences for unsupported methods, by name.
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
                call = _refusing((refusals or {}).get(method, f"camweave does not support {method}"))
            self._mapping[path] = handler._replace(func=call)

    def add(self, path: str, handler: Handler) -> None:
        """Add a method that the package does not have."""
        self._mapping[path] = handler

    def __mapping__(self) -> Mapping[str, Handler]:
        return self._mapping


class Methods(dict[str, Handler]):
    """The methods of a server by path; calls of any other path are refused with a sentence.

    grpclib's own refusal lacks a header, and its clients report only that the header is missing.
    """

    def get(self, path: str, default: Any = None) -> Any:
        """Return the method of a path, or its refusal."""
        known = super().get(path)
        if known is not None:
            return known
        hint = _HINTS.get(path.rpartition("/")[0], "")
        return Handler(
            _refusing(f"camweave does not support {path[:200]}{hint}"), Cardinality.STREAM_STREAM, bytes, bytes
        )


_HINTS = {"/proto.stream.v1.StreamService": "; live video is WebRTC, at /whep/ and the camera's name"}


def unary(answer: Answer, request_type: type[Any]) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
    """Return an answer as a unary gRPC method that turns every error into a status with a sentence."""

    async def call(stream: Stream[Any, Any]) -> None:
        try:
            reply = await answer(await _received(stream, request_type))
        except GRPCError:
            raise
        except RequestError as error:
            status = next(STATUS[meaning] for meaning in type(error).__mro__ if meaning in STATUS)
            raise GRPCError(status, error.detail) from None
        except Exception:  # a bug of ours: its message is not for clients
            logger.exception("a request of a client of Viam failed")
            raise GRPCError(Status.INTERNAL, "the server failed at this request; its log says how") from None
        await stream.send_message(reply)

    return call


def _refusing(sentence: str) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
    async def call(stream: Stream[Any, Any]) -> None:
        raise GRPCError(Status.UNIMPLEMENTED, sentence)

    return call


async def _received(stream: Stream[Any, Any], request_type: type[Any]) -> Any:
    """Read the request, within limits.

    The stream's own ``recv_message`` accepts any length that the client declares, up to 4 GB.
    """
    data = stream._stream
    try:
        async with asyncio.timeout(GRACE_S):
            head = await data.recv_data(5)
        if not head:
            raise InvalidRequest("the request is missing")
        compressed, size = struct.unpack(">?I", head)
        if compressed:
            raise Unsupported("compressed requests are not supported")
        if size > MESSAGE_BYTES_MAX:
            raise too_large("a request", PICTURE_BYTES_MAX)
        async with asyncio.timeout(GRACE_S + size / RATE_MIN):
            message = await data.recv_data(size)
        return request_type.FromString(message)
    except TimeoutError:
        raise TooSlow("the request arrived too slowly") from None
    except AssertionError:  # grpclib raises it for a request that ends early
        raise BrokenOff("the request ended early") from None
    except DecodeError:
        raise Unreadable("the request cannot be read") from None
