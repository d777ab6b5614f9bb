"""Signing in: a token becomes a cookie, a link becomes a token for one camera."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from ...core import SIGN_IN_S, Credential, InvalidRequest, Unauthorized
from ..access import LINK, SIGN_IN, SIGN_OUT, base_path, cookie_name
from ..messages import HttpError, LinkToken, problems, read_body
from .dependencies import WithBackend

router = APIRouter(tags=["Access"])

_BYTES_MAX = 10_000


def _body(key: str) -> dict[str, Any]:
    schema = {"type": "object", "properties": {key: {"type": "string"}}, "required": [key]}
    return {"requestBody": {"required": True, "content": {"application/json": {"schema": schema}}}}


@router.post(
    SIGN_IN,
    status_code=204,
    response_class=Response,
    openapi_extra=_body("token"),
    responses=problems(400, 401, 408, 413, 415, 429),
)
async def sign_in(request: Request, backend: WithBackend) -> Response:
    """Set a cookie for a valid token, so that pictures, videos and events of pages need no header."""
    token = await _text(request, "token")
    response = Response(status_code=204)
    if backend.tokens.needed:
        value = backend.tokens.signed_in(Credential(token.encode()), _address(request))
        _set_cookie(request, backend.config.server.port, response, value)
    return response


@router.post(SIGN_OUT, status_code=204, response_class=Response)
async def sign_out(request: Request, backend: WithBackend) -> Response:
    """Delete the cookie of this browser."""
    response = Response(status_code=204)
    _set_cookie(request, backend.config.server.port, response, None)
    return response


@router.post(
    LINK,
    response_model=None,
    openapi_extra=_body("link"),
    responses={200: {"model": LinkToken}, **problems(400, 401, 408, 413, 415, 429)},
)
async def link(request: Request, backend: WithBackend) -> Response:
    """Return a token for the camera of a link of ``camweave link``, good until the link expires."""
    text = await _text(request, "link")
    token, grant = backend.tokens.exchange(text, _address(request))
    expires_at = datetime.fromtimestamp(grant.expires_at, UTC).isoformat().replace("+00:00", "Z")
    return JSONResponse({"token": token, "camera": grant.camera, "expires_at": expires_at})


async def _text(request: Request, key: str) -> str:
    """Return the only value of a JSON body.

    Raises:
        HttpError: 415 for another type of body.
        InvalidRequest: The body has another form. No message shows it.
        Unauthorized: The value is empty.
    """
    # Forms of other sites cannot send this type.
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        raise HttpError(415, "the body must be application/json")
    try:
        content = json.loads(await read_body(request, _BYTES_MAX, "the body"))
        value = content[key]
        value.encode()  # JSON may have half a surrogate pair
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        value = None
    if not isinstance(value, str):
        raise InvalidRequest(f'the body must be {{"{key}": TEXT}}')
    if not value:
        raise Unauthorized(f"the {key} is empty")
    return value


def _address(request: Request) -> str:
    return request.client.host if request.client is not None else ""


def _set_cookie(request: Request, port: int, response: Response, value: str | None) -> None:
    response.set_cookie(
        cookie_name(port),
        value or "",
        max_age=int(SIGN_IN_S) if value else 0,
        path=f"{base_path(request)}/",
        secure=request.url.scheme == "https",
        httponly=True,
        samesite="strict",
    )
