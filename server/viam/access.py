"""Check the tokens of Viam's clients: their API key is one of the server's tokens.

A client with credentials first exchanges them for an access token, then sends that with every call.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine
from contextvars import ContextVar
from typing import Any

from grpclib.events import RecvRequest

from ..core import Backend, Credential, RequestError, Tokens, credential_of, set_caller
from .calls import Calls, grpc_error
from .messages import auth_grpc, auth_pb2

_AUTHENTICATE = "/proto.rpc.v1.AuthService/Authenticate"
_RIGHTS = {
    "/viam.component.camera.v1.CameraService": {"view"},
    "/viam.service.vision.v1.VisionService": {"predict"},
    "/viam.service.mlmodel.v1.MLModelService": {"predict"},
}
"""The rights for the calls of each service; all others need only a token, but no link."""


_address: ContextVar[str] = ContextVar("address", default="")


class AuthCalls(Calls):
    """Exchanges an API key for an access token; both are the token of the configuration."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        super().__init__(backend, auth_grpc.UnimplementedAuthServiceBase(), {"Authenticate": self._authenticate})

    async def _authenticate(self, request: Any) -> Any:
        key = request.credentials.payload
        self._backend.tokens.admit(Credential(key.encode()) if key else None, _address.get())
        return auth_pb2.AuthenticateResponse(access_token=key)


def access_to(tokens: Tokens) -> Callable[[RecvRequest], Coroutine[Any, Any, None]]:
    """Return what refuses a call without a valid token or without the right, before its request is read."""

    async def on_request(event: RecvRequest) -> None:
        peer = event.peer.addr()
        address = str(peer[0]) if peer else ""
        if event.method_name == _AUTHENTICATE:  # its token is in the request
            _address.set(address)
            return
        values = [str(value).encode() for value in event.metadata.getall("authorization", ())]
        try:
            caller = tokens.admit(credential_of(values), address)
            caller.require(_RIGHTS.get(event.method_name.rpartition("/")[0]))
        except RequestError as error:
            raise grpc_error(error) from None
        set_caller(caller)  # the call runs in the same task

    return on_request
