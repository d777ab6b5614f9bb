"""Clarifai's REST form of a prediction, for ``curl`` and for its client's JSON channel."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.util import find_spec
from types import MappingProxyType
from uuid import uuid4

from fastapi import APIRouter, HTTPException, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from ..core import Backend, RequestError, within_limits
from .codes import Code, Refused, code_of_request

MISSING = 'Clarifai\'s form needs a package that is not installed; get it with: pip install "camweave[clarifai]"'

_MODEL, _VERSION, _APP = "/models/{model}", "/versions/{version}", "/users/{user}/apps/{app}"
_PATHS = tuple(f"{path}/outputs" for path in (_APP + _MODEL + _VERSION, _APP + _MODEL, _MODEL + _VERSION, _MODEL))
_DESCRIPTION = f"""Answer Clarifai's PostModelOutputs as JSON; the model is one of the vision services.

The body is always a MultiOutputResponse with Clarifai's status codes.

Shorter forms of the address: {", ".join(f"``/v2{path}``" for path in _PATHS[1:])}."""
_REQUEST = {
    "parameters": [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in ("user", "app", "model", "version")
    ],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object", "description": "A PostModelOutputsRequest."}}},
    },
}


class ClarifaiRest:
    """The endpoints, as an extension of the HTTP app.

    Args:
        backend: The backend of the endpoints.

    Attributes:
        router: The routes.
    """

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self.router = APIRouter(prefix="/v2", tags=["Clarifai"])
        for path in _PATHS:
            self.router.add_api_route(
                path,
                self.outputs,
                methods=["POST"],
                response_model=None,
                include_in_schema=path == _PATHS[0],  # the others are shorter forms of it
                description=_DESCRIPTION,
                openapi_extra=_REQUEST,
                responses={200: {"content": {"application/json": {}}, "description": "A MultiOutputResponse."}},
            )

    async def outputs(self, request: Request) -> Response:
        """Answer a prediction request."""
        if find_spec("clarifai_grpc") is None:
            raise HTTPException(501, MISSING)
        return await _outputs(request, self._backend)

    def writes_errors_of(self, method: str, path: str) -> bool:
        """Return whether a request is a prediction, so that its errors have Clarifai's form."""
        return method == "POST" and path.startswith("/v2/") and path.endswith("/outputs")

    def response_to(self, error: RequestError, headers: Mapping[str, str]) -> Response:
        """Return an error as a reply without outputs; works without Clarifai's package."""
        return _refusal(code_of_request(error), error.detail, headers)


async def _outputs(request: Request, backend: Backend) -> Response:
    from .json_body import JsonBody
    from .json_form import read_request, to_json
    from .servicer import Servicer

    body = JsonBody()
    length = request.headers.get("content-length")
    limit = backend.limits.body_bytes
    async for chunk in within_limits(
        request.stream(), length=length, limit=limit, what="a request", disconnect=ClientDisconnect
    ):
        body.add(chunk)
    try:
        message, faults = await backend.parsers.run(read_request, body, request.path_params, backend.limits)
    except Refused as refusal:
        return _refusal(refusal.code, refusal.details)
    answer = await Servicer(backend).answer(message, faults)
    content = await backend.parsers.run(to_json, answer)
    return Response(content, Code(answer.status.code).http_status, media_type="application/json")


def _refusal(code: Code, details: str, headers: Mapping[str, str] = MappingProxyType({})) -> Response:
    status = {"code": int(code), "description": code.description, "details": details, "req_id": uuid4().hex}
    return JSONResponse({"status": status, "outputs": []}, code.http_status, headers=headers)
