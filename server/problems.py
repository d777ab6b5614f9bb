"""Whatever goes wrong leaves as one shape, a problem after RFC 9457: ``type``, ``title``, ``status``, ``detail``.

* Problem       a request that cannot be answered as it is asked             -> its status
* UsageError    the command line or the configuration asks for what cannot be -> exit code 2
* StartError    the server cannot start                                      -> exit code 1
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from fastapi.responses import JSONResponse
from starlette.exceptions import HTTPException
from starlette.routing import Match

MEDIA_TYPE = "application/problem+json"


class Problem(Exception):
    """A request cannot be answered as it is asked.

    Args:
        status: The HTTP status code.
        detail: A sentence for the person who asked: the thing, what was got, what is wanted.
        headers: More headers for the response.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.headers = dict(headers or {})

    def as_json(self) -> dict[str, Any]:
        """Return the members of the problem document."""
        title = HTTPStatus(self.status).phrase
        return {"type": "about:blank", "title": title, "status": self.status, "detail": self.detail}

    def response(self) -> JSONResponse:
        """Return the problem as a response; a problem is never kept by a cache."""
        headers = {"Cache-Control": "no-store", **self.headers}
        return JSONResponse(self.as_json(), self.status, headers=headers, media_type=MEDIA_TYPE)


class UsageError(Exception):
    """The command line, or the configuration it names, asks for what cannot be."""


class StartError(Exception):
    """The server cannot start: the world is not as it was asked for."""


def unavailable(detail: str, retry_after_s: int = 1) -> Problem:
    """Return a 503 that says when to come again."""
    return Problem(503, detail, {"Retry-After": str(retry_after_s)})


def install(app: FastAPI) -> None:
    """Let every error of an app leave as a problem."""

    @app.exception_handler(Problem)
    async def of_ours(request: Request, error: Problem) -> JSONResponse:
        return error.response()

    @app.exception_handler(HTTPException)
    async def of_the_router(request: Request, error: HTTPException) -> JSONResponse:
        allowed = {"Allow": _allowed(request)} if error.status_code == 405 else {}
        headers = {**(error.headers or {}), **allowed}
        return Problem(error.status_code, _routing_sentence(request, error), headers).response()

    @app.exception_handler(RequestValidationError)
    async def of_a_parameter(request: Request, error: RequestValidationError) -> JSONResponse:
        return Problem(422, _parameter_sentence(error.errors())).response()

    @app.exception_handler(Exception)
    async def of_nobody(request: Request, error: Exception) -> JSONResponse:
        # The server logs it with its traceback; the person who asked gets neither.
        return Problem(500, "the server failed at this request; its log says how").response()


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
