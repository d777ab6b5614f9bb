"""The common part of all calls: reading requests within limits, and mapping errors to gRPC statuses.

* NOT_FOUND            no camera or service has that name, or it is private
* INVALID_ARGUMENT     the request is invalid: not a picture, too large, a name given twice
* UNAUTHENTICATED      the request has no valid token
* PERMISSION_DENIED    the token does not allow the call
* UNIMPLEMENTED        the server or this service does not support the call
* FAILED_PRECONDITION  the model cannot be used
* DEADLINE_EXCEEDED    the camera gives no frame, or the request arrived too slowly
* RESOURCE_EXHAUSTED   too many requests are waiting, or too many wrong tokens came
* INTERNAL             a bug of ours; details are in the log only

Never UNAVAILABLE: clients retry on it by themselves.
"""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, Protocol

from grpclib import GRPCError, Status
from grpclib.const import Handler
from grpclib.server import Stream

from ..core import (
    Backend,
    Forbidden,
    ModelUnavailable,
    NoFrame,
    NotFound,
    RequestError,
    TooManyRequests,
    TooSlow,
    Unauthorized,
    Unavailable,
    Unsupported,
)
from ..grpc import parsed, received_within, refusing, send_within

logger = logging.getLogger(__name__)

PARAMETERS_BYTES_MAX = 100_000
"""Bytes of a request beyond its picture. Larger messages are not read."""

Answer = Callable[[Any], Awaitable[Any]]
"""Returns the reply to a request."""

STATUS: Mapping[type[RequestError], Status] = {
    NotFound: Status.NOT_FOUND,
    Unsupported: Status.UNIMPLEMENTED,
    ModelUnavailable: Status.FAILED_PRECONDITION,
    NoFrame: Status.DEADLINE_EXCEEDED,
    TooSlow: Status.DEADLINE_EXCEEDED,
    Unauthorized: Status.UNAUTHENTICATED,
    Forbidden: Status.PERMISSION_DENIED,
    TooManyRequests: Status.RESOURCE_EXHAUSTED,
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
        backend: The backend of the methods.
        generated: The generated service.
        answers: The supported methods, by name.
        refusals: Special sentences for unsupported methods, by name.
    """

    def __init__(
        self,
        backend: Backend,
        generated: Generated,
        answers: Mapping[str, Answer],
        refusals: Mapping[str, str] | None = None,
    ) -> None:
        self._mapping: dict[str, Handler] = {}
        for path, handler in generated.__mapping__().items():
            method = path.rpartition("/")[2]
            if method in answers:
                call = unary(backend, answers[method], handler.request_type)
            else:
                call = refusing((refusals or {}).get(method, f"camweave does not support {method}"))
            self._mapping[path] = handler._replace(func=call)

    def add(self, path: str, handler: Handler) -> None:
        """Add a method that the package does not have."""
        self._mapping[path] = handler

    def __mapping__(self) -> Mapping[str, Handler]:
        return self._mapping


def grpc_error(error: RequestError) -> GRPCError:
    """Return a request error as gRPC has it."""
    return GRPCError(next(STATUS[meaning] for meaning in type(error).__mro__ if meaning in STATUS), error.detail)


def unary(backend: Backend, answer: Answer, request_type: type[Any]) -> Callable[[Stream[Any, Any]], Awaitable[None]]:
    """Return an answer as a unary gRPC method that turns every error into a status with a sentence."""

    async def call(stream: Stream[Any, Any]) -> None:
        try:
            limit = backend.limits.picture_bytes + PARAMETERS_BYTES_MAX
            async with received_within(stream, backend.bodies, limit) as message:
                request = await parsed(message, request_type, backend.parsers)
                reply = await answer(request)
        except GRPCError:
            raise
        except RequestError as error:
            raise grpc_error(error) from None
        except Exception:  # a bug of ours: its message is not for clients
            logger.exception("a request of a client of Viam failed")
            raise GRPCError(Status.INTERNAL, "the server failed at this request; its log says how") from None
        await send_within(stream, reply, backend.limits)

    return call
