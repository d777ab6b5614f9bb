"""The port for Clarifai's gRPC clients."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from clarifai_grpc.grpc.api import service_pb2
from grpclib import GRPCError, Status
from grpclib.const import Cardinality, Handler
from grpclib.server import Stream

from pipeline import ClarifaiConfig

from ..connections import Acceptor, Certificate
from ..core import Backend, RequestError, TooSlow, Unreadable, credential_of, on_thread, set_caller
from ..grpc import GrpcPort, address_of, open_port, parsed, received_within, send_within
from .codes import Code, code_of_request
from .servicer import Servicer, failed

METHOD = "/clarifai.api.V2/PostModelOutputs"


async def open_server(backend: Backend, acceptor: Acceptor, host: str, config: ClarifaiConfig) -> GrpcPort:
    """Open the port for Clarifai's clients.

    Raises:
        StartError: The server cannot listen on the address.
    """
    address = (host, config.port, "server.clarifai.port")
    tls = None
    if config.tls is not None:
        certificate = Certificate(config.tls.cert, config.tls.key)
        tls = await on_thread("tls", lambda: certificate.context("h2"))
    methods = [_Methods(backend)]
    return await open_port("Clarifai's clients", methods, _unknown, acceptor, lambda: backend.limits, address, tls)


def _unknown(path: str) -> str:
    return f"camweave does not support {path}; of Clarifai's calls it supports {METHOD}"


class _Methods:
    """Answers one method."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._servicer = Servicer(backend)

    def __mapping__(self) -> Mapping[str, Handler]:
        types = service_pb2.PostModelOutputsRequest, service_pb2.MultiOutputResponse
        return {METHOD: Handler(self._predict, Cardinality.UNARY_UNARY, *types)}

    async def _predict(self, stream: Stream[Any, Any]) -> None:
        try:
            reply = await self._answer(stream)
        except TooSlow as error:
            raise GRPCError(Status.DEADLINE_EXCEEDED, error.detail) from None
        except Unreadable:
            reply = failed(Code.CONN_BAD_REQUEST_FORMAT, "the bytes are not a PostModelOutputsRequest")
        except RequestError as error:
            reply = failed(code_of_request(error), error.detail)
        await send_within(stream, reply, self._backend.limits)

    async def _answer(self, stream: Stream[Any, Any]) -> Any:
        backend = self._backend
        caller = backend.tokens.admit(credential_of(_authorization(stream)), address_of(stream))
        caller.require({"predict"})
        set_caller(caller)
        async with received_within(stream, backend.bodies, backend.limits.body_bytes) as message:
            request = await parsed(message, service_pb2.PostModelOutputsRequest, backend.parsers)
            message.clear()  # its pictures are in the request now
            return await self._servicer.answer(request)


def _authorization(stream: Stream[Any, Any]) -> list[bytes]:
    metadata = stream.metadata
    return [] if metadata is None else [str(value).encode() for value in metadata.getall("authorization", [])]
