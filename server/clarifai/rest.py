"""Clarifai's REST form of a prediction, for ``curl`` and for its client's JSON channel."""

from __future__ import annotations

from importlib.util import find_spec
from typing import Any
from uuid import uuid4

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse

from ..body import MESSAGE_BYTES_MAX, read_body
from ..house import AHouse, House
from ..problems import Problem
from ..tokens import TokenProblem
from .codes import code_of_refusal

MISSING = 'Clarifai\'s form needs a package that is not installed; get it with: pip install "camweave[clarifai]"'

router = APIRouter(prefix="/v2", tags=["Clarifai"])

_MODEL = "/models/{model}"
_APP = "/users/{user}/apps/{app}"
_VERSION = "/versions/{version}"
_DOCUMENTED = _APP + _MODEL + _VERSION
_DESCRIPTION = {
    "parameters": [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in ("user", "app", "model", "version")
    ],
    "requestBody": {
        "required": True,
        "content": {"application/json": {"schema": {"type": "object", "description": "A PostModelOutputsRequest."}}},
    },
}


async def outputs(request: Request, house: AHouse) -> Response:
    """Answer Clarifai's PostModelOutputs as JSON; the model is one of the vision services.

    The status codes are Clarifai's and stand in the body, which is a MultiOutputResponse whatever happens.
    """
    if find_spec("clarifai_grpc") is None:
        raise Problem(501, MISSING)
    return await _outputs(request, house)


for _path in (_DOCUMENTED, _APP + _MODEL, _MODEL + _VERSION, _MODEL):
    router.add_api_route(
        f"{_path}/outputs",
        outputs,
        methods=["POST"],
        response_model=None,
        include_in_schema=_path == _DOCUMENTED,  # the others are shorter ways of saying it
        openapi_extra=_DESCRIPTION,
        responses={200: {"content": {"application/json": {}}, "description": "A MultiOutputResponse."}},
    )


def is_prediction(method: str, path: str) -> bool:
    """Tell whether a request is for Clarifai's form, in which its errors are too."""
    return method == "POST" and path.startswith("/v2/") and path.endswith("/outputs")


def refused(refusal: TokenProblem) -> Response:
    """Return the reply to whoever may not ask; Clarifai's package is not needed, nor imported, for a stranger."""
    code = code_of_refusal(refusal)
    status = {"code": int(code), "description": code.description, "details": refusal.detail, "req_id": uuid4().hex}
    return JSONResponse({"status": status, "outputs": []}, code.http_status, headers=refusal.headers)


async def _outputs(request: Request, house: House) -> Response:
    from .codes import Code, Refused, code_of
    from .json_form import read_request, written
    from .servicer import Servicer, failed

    answer: Any
    try:
        body = await read_body(request, MESSAGE_BYTES_MAX, "a request")
        asked, faults = await house.models.run(read_request, body, request.path_params)
        answer = await Servicer(house).answer(asked, faults)
        content = await house.models.run(written, answer)
    except Problem as problem:
        code = Code.CONN_THROTTLED if problem.status == 503 else code_of(problem)
        answer = failed(code, problem.detail)
        content = written(answer)
    except Refused as refusal:
        answer = failed(refusal.code, refusal.details)
        content = written(answer)
    return Response(content, Code(answer.status.code).http_status, media_type="application/json")
