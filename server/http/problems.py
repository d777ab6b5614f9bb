"""Whatever goes wrong leaves as one shape, a problem after RFC 9457: ``type``, ``title``, ``status``, ``detail``."""

from __future__ import annotations

from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

from ..core import Problem

MEDIA_TYPE = "application/problem+json"


def document(problem: Problem) -> dict[str, Any]:
    """Return the members of a problem document."""
    title = HTTPStatus(problem.status).phrase
    return {"type": "about:blank", "title": title, "status": problem.status, "detail": problem.detail}


def response_to(problem: Problem) -> JSONResponse:
    """Return a problem as a response; it is never kept by a cache."""
    headers = {"Cache-Control": "no-store", **problem.headers}
    return JSONResponse(document(problem), problem.status, headers=headers, media_type=MEDIA_TYPE)


def install(app: FastAPI) -> None:
    """Let every error of an app leave as a problem."""

    @app.exception_handler(Problem)
    async def of_ours(request: Request, error: Problem) -> JSONResponse:
        return response_to(error)

    @app.exception_handler(HTTPException)
    async def of_the_router(request: Request, error: HTTPException) -> JSONResponse:
        allowed = {"Allow": _allowed(request)} if error.status_code == 405 else {}
        headers = {**(error.headers or {}), **allowed}
        return response_to(Problem(error.status_code, _routing_sentence(request, error), headers))

    @app.exception_handler(RequestValidationError)
    async def of_a_parameter(request: Request, error: RequestValidationError) -> JSONResponse:
        return response_to(Problem(422, _parameter_sentence(error.errors())))

    @app.exception_handler(Exception)
    async def of_nobody(request: Request, error: Exception) -> JSONResponse:
        # The server logs it with its traceback; the person who asked gets neither.
        return response_to(Problem(500, "the server failed at this request; its log says how"))


def _routing_sentence(request: Request, error: HTTPException) -> str:
    if error.status_code == 404:
        return "there is nothing at this address; /docs lists what there is"
    if error.status_code == 405:
        return f"{request.method} is not done here, only {_allowed(request)}"
    return str(error.detail)


def _allowed(request: Request) -> str:
    """Return every method of an address; the framework names those of its first route there, without HEAD."""
    routes = request.app.routes
    found = {
        method
        for method in ("DELETE", "GET", "OPTIONS", "PATCH", "POST", "PUT")
        if any(route.matches({**request.scope, "method": method})[0] is Match.FULL for route in routes)
    }
    return ", ".join(sorted(found | {"HEAD"} if "GET" in found else found))


def _parameter_sentence(errors: Sequence[Any]) -> str:
    return "; ".join(f"{error['loc'][-1]}: {_lowered(error['msg'])}" for error in errors)


def _lowered(text: str) -> str:
    return text[:1].lower() + text[1:]
