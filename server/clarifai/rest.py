"""Clarifai's REST form of a prediction, for ``curl`` and for its client's JSON channel."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse
from starlette.requests import ClientDisconnect

from ..core import MESSAGE_BYTES_MAX, Backend, Problem, TokenProblem, within_limits
from .codes import code_of_refusal

MISSING = 'Clarifai\'s form needs a package that is not installed; get it with: pip install "camweave[clarifai]"'

_MODEL, _VERSION, _APP = "/models/{model}", "/versions/{version}", "/users/{user}/apps/{app}"
_PATHS = tuple(f"{path}/outputs" for path in (_APP + _MODEL + _VERSION, _APP + _MODEL, _MODEL + _VERSION, _MODEL))
_DESCRIPTION = f"""Answer Clarifai's PostModelOutputs as JSON; the model is one of the vision services.

The status codes are Clarifai's and stand in the body, which is a MultiOutputResponse whatever happens.

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
    """The endpoints, which join the HTTP app as its extension.

    Args:
        backend: What answers.

    Attributes:
        router: Its routes.
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
                include_in_schema=path == _PATHS[0],  # the others are shorter ways of saying it
                description=_DESCRIPTION,
                openapi_extra=_REQUEST,
                responses={200: {"content": {"application/json": {}}, "description": "A MultiOutputResponse."}},
            )

    async def outputs(self, request: Request) -> Response:
        """Answer a prediction request."""
        if find_spec("clarifai_grpc") is None:
            raise Problem(501, MISSING)
        return await _outputs(request, self._backend)

    def answers(self, method: str, path: str) -> bool:
        """Tell whether a request is a prediction, whose refusals are in Clarifai's form too."""
        return method == "POST" and path.startswith("/v2/") and path.endswith("/outputs")

    def response_to(self, refusal: TokenProblem) -> Response:
        """Return the reply to whoever may not ask; Clarifai's package is neither needed nor imported for it."""
        code = code_of_refusal(refusal)
        status = {"code": int(code), "description": code.description, "details": refusal.detail, "req_id": uuid4().hex}
        return JSONResponse({"status": status, "outputs": []}, code.http_status, headers=refusal.headers)


async def _outputs(request: Request, backend: Backend) -> Response:
    from .codes import Code, Refused, code_of
    from .json_form import read_request, written
    from .servicer import Servicer, failed

    answer: Any
    try:
        body = await _body(request)
        asked, faults = await backend.models.run(read_request, body, request.path_params)
        answer = await Servicer(backend).answer(asked, faults)
        content = await backend.models.run(written, answer)
    except Problem as problem:
        code = Code.CONN_THROTTLED if problem.status == 503 else code_of(problem)
        answer = failed(code, problem.detail)
        content = written(answer)
    except Refused as refusal:
        answer = failed(refusal.code, refusal.details)
        content = written(answer)
    return Response(content, Code(answer.status.code).http_status, media_type="application/json")


async def _body(request: Request) -> bytes:
    length = request.headers.get("content-length")
    chunks = within_limits(
        request.stream(), length=length, limit=MESSAGE_BYTES_MAX, what="a request", gone=ClientDisconnect
    )
    return b"".join([chunk async for chunk in chunks])
