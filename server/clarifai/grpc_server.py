"""The port for Clarifai's gRPC clients. The only file that imports grpc."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from typing import Any
from urllib.parse import unquote

import grpc
from clarifai_grpc.grpc.api import service_pb2
from google.protobuf.message import DecodeError

from pipeline import ClarifaiConfig

from ..core import MESSAGE_BYTES_MAX, Backend
from ..program import StartError, host_and_port, listen
from .codes import Code, code_of_request
from .servicer import Servicer, failed

logger = logging.getLogger(__name__)

METHOD = "/clarifai.api.V2/PostModelOutputs"
# Each call may hold a message of the largest size in memory.
CALLS_AT_ONCE = 16
# Limits clients that keep a call open by sending the request slowly.
RECEIVE_S = 120.0
CLOSE_S = 1.0
# Calls beyond CALLS_AT_ONCE are refused before their request is read.
_CONNECTED_AT_ONCE = 256
_OPTIONS = (
    ("grpc.max_receive_message_length", MESSAGE_BYTES_MAX),
    ("grpc.max_send_message_length", -1),
    ("grpc.so_reuseport", 0),  # two servers on one port would share its clients by chance
)


class ClarifaiServer:
    """A gRPC server on a port of its own.

    Attributes:
        name: The clients that connect to it, for the log.
        port: The port number.
    """

    name = "clarifai"

    def __init__(self, server: Any, methods: _Methods, port: int) -> None:
        self._server = server
        self._methods = methods
        self.port = port

    async def close(self) -> None:
        """Stop accepting connections; calls in progress get a moment to end."""
        stopping = asyncio.ensure_future(self._server.stop(2 * CLOSE_S))
        await asyncio.wait({stopping}, timeout=CLOSE_S)
        self._methods.end()
        await stopping


async def open_server(backend: Backend, host: str, config: ClarifaiConfig) -> ClarifaiServer:
    """Open the port for Clarifai's clients.

    Raises:
        StartError: The server cannot listen on the address.
    """
    server = grpc.aio.server(options=_OPTIONS, maximum_concurrent_rpcs=_CONNECTED_AT_ONCE)
    methods = _Methods(backend)
    server.add_generic_rpc_handlers((methods,))
    address = host_and_port(host, config.port)
    try:
        if config.tls is None:
            port = server.add_insecure_port(address)
        else:
            pair = await asyncio.to_thread(lambda tls: (tls.key.read_bytes(), tls.cert.read_bytes()), config.tls)
            port = server.add_secure_port(address, grpc.ssl_server_credentials([pair]))
    except RuntimeError as error:
        # gRPC gives no reason; binding the address ourselves raises an error with one.
        listen(host, config.port, "server.clarifai.port").close()
        raise StartError(f"cannot listen on {address} for Clarifai's clients: {error}") from error
    await server.start()
    form = "gRPC with TLS" if config.tls else "gRPC"
    logger.info("listening on %s for Clarifai's clients (%s)", host_and_port(host, port), form)
    return ClarifaiServer(server, methods, port)


class _Methods(grpc.GenericRpcHandler):  # type: ignore[misc]  # grpc has no types
    """Serves one method, and refuses every other with a sentence."""

    def __init__(self, backend: Backend) -> None:
        self._tokens = backend.tokens
        self._servicer = Servicer(backend)
        self._calls: set[asyncio.Task[Any]] = set()

    def end(self) -> None:
        """Cancel the calls in progress."""
        for call in self._calls:
            call.cancel()

    def service(self, handler_call_details: Any) -> Any:
        """Return the handler of a call."""
        if handler_call_details.method == METHOD:
            # On the wire, a request is a stream of one message; only streams can be received with a time limit.
            return grpc.stream_unary_rpc_method_handler(self._predict)
        method = handler_call_details.method

        async def unknown(requests: Any, context: Any) -> AsyncIterator[bytes]:
            details = f"camweave does not support {method[:200]}; of Clarifai's calls it supports {METHOD}"
            await context.abort(grpc.StatusCode.UNIMPLEMENTED, details)
            yield b""

        return grpc.stream_stream_rpc_method_handler(unknown)

    async def _predict(self, requests: Any, context: Any) -> bytes:
        refusal = self._tokens.refusal(_authorization(context), _address(context))
        if refusal is not None:
            return _bytes_of(failed(code_of_request(refusal), refusal.detail))
        if len(self._calls) >= CALLS_AT_ONCE:
            return _bytes_of(failed(Code.CONN_THROTTLED, "too many requests are waiting; try again shortly"))
        call = asyncio.create_task(self._answer(requests, context))
        self._calls.add(call)
        try:
            await asyncio.wait({call})
        finally:
            call.cancel()
            self._calls.discard(call)
        if call.cancelled():
            await context.abort(grpc.StatusCode.UNAVAILABLE, "the server is closing")
        return _bytes_of(call.result())

    async def _answer(self, requests: Any, context: Any) -> Any:
        try:
            async with asyncio.timeout(RECEIVE_S):
                received = await anext(aiter(requests), b"")
        except TimeoutError:
            await context.abort(grpc.StatusCode.DEADLINE_EXCEEDED, "the request arrived too slowly")
        try:
            request = service_pb2.PostModelOutputsRequest.FromString(received)
        except DecodeError:
            return failed(Code.CONN_BAD_REQUEST_FORMAT, "the bytes are not a PostModelOutputsRequest")
        return await self._servicer.answer(request)


def _authorization(context: Any) -> list[bytes]:
    return [value.encode() for name, value in context.invocation_metadata() if name == "authorization"]


def _address(context: Any) -> str:
    """Return the client's address, from ``ipv4:127.0.0.1:4711`` or ``ipv6:%5B::1%5D:4711``."""
    return unquote(context.peer().partition(":")[2].rpartition(":")[0]).strip("[]")


def _bytes_of(answer: Any) -> bytes:
    data: bytes = answer.SerializeToString()
    return data
