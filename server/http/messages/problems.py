"""Write every error as a problem document (RFC 9457): ``type``, ``title``, ``status``, ``detail``."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from http import HTTPStatus
from typing import Any

from fastapi import FastAPI, Request, WebSocket
from fastapi.exceptions import RequestValidationError, WebSocketRequestValidationError
from fastapi.responses import JSONResponse, Response
from starlette.exceptions import HTTPException
from starlette.routing import Match

from cameras import safe_text

from ...core import (
    BrokenOff,
    Forbidden,
    ImageUrlError,
    InvalidRequest,
    NotFound,
    RequestError,
    TooLarge,
    TooManyRequests,
    TooSlow,
    Unauthorized,
    Unavailable,
    Unreadable,
    Unsupported,
    UnsupportedMedia,
)
from ...program import is_exhausted

PROBLEM_TYPE = "application/problem+json"


STATUS: Mapping[type[RequestError], int] = {
    BrokenOff: 400,
    InvalidRequest: 400,
    Unsupported: 400,
    Unauthorized: 401,
    Forbidden: 403,
    NotFound: 404,
    TooSlow: 408,
    TooLarge: 413,
    UnsupportedMedia: 415,
    ImageUrlError: 422,
    Unreadable: 422,
    TooManyRequests: 429,
    Unavailable: 503,
}
"""The HTTP status of each error; an error that is not listed has the status of its base class."""


class HttpError(Exception):
    """An error that only HTTP has.

    Args:
        status: The HTTP status code.
        detail: A sentence for the client: what is wrong, the value received and the value expected.
        headers: More headers for the response.
    """

    def __init__(self, status: int, detail: str, headers: Mapping[str, str] | None = None) -> None:
        self.detail = safe_text(detail)
        super().__init__(self.detail)
        self.status = status
        self.headers = dict(headers or {})


def http_error(error: RequestError | HttpError) -> HttpError:
    """Return a request error as an HTTP error."""
    if isinstance(error, HttpError):
        return error
    status = next(STATUS[meaning] for meaning in type(error).__mro__ if meaning in STATUS)
    return HttpError(status, error.detail, headers_of(error))


def headers_of(error: RequestError) -> dict[str, str]:
    """Return the headers of an error, for any format of its body."""
    headers = {}
    if error.retry_after_s is not None:
        headers["Retry-After"] = str(error.retry_after_s)
    if isinstance(error, Unauthorized):
        headers["WWW-Authenticate"] = "Bearer"
    if isinstance(error, TooSlow):
        headers["Connection"] = "close"
    return headers


def document(error: RequestError | HttpError) -> dict[str, Any]:
    """Return the members of a problem document."""
    problem = http_error(error)
    title = HTTPStatus(problem.status).phrase
    return {"type": "about:blank", "title": title, "status": problem.status, "detail": problem.detail}


def response_to(error: RequestError | HttpError) -> JSONResponse:
    """Return an error as a response with a problem document; caches must not store it."""
    problem = http_error(error)
    headers = {"Cache-Control": "no-store", **problem.headers}
    return JSONResponse(document(problem), problem.status, headers=headers, media_type=PROBLEM_TYPE)


def handle_errors(app: FastAPI, write: Callable[[Request, RequestError], Response]) -> None:
    """Make an app write every error as a problem document.

    Args:
        app: The app.
        write: Writes an error of the core, in the format that the request expects.
    """

    @app.exception_handler(HttpError)
    async def handle_http_error(request: Request, error: HttpError) -> JSONResponse:
        return response_to(error)

    @app.exception_handler(RequestError)
    async def handle_request_error(request: Request, error: RequestError) -> Response:
        return write(request, error)

    @app.exception_handler(HTTPException)
    async def handle_routing_error(request: Request, error: HTTPException) -> JSONResponse:
        allowed = {"Allow": _allowed(request)} if error.status_code == 405 else {}
        headers = {**(error.headers or {}), **allowed}
        return response_to(HttpError(error.status_code, _routing_sentence(request, error), headers))

    @app.exception_handler(RequestValidationError)
    async def handle_parameter_error(request: Request, error: RequestValidationError) -> JSONResponse:
        return response_to(HttpError(422, _parameter_sentence(error.errors())))

    @app.exception_handler(WebSocketRequestValidationError)
    async def handle_websocket_parameter_error(socket: WebSocket, error: WebSocketRequestValidationError) -> None:
        response = response_to(HttpError(422, _parameter_sentence(error.errors())))
        await response(socket.scope, socket.receive, socket.send)

    @app.exception_handler(OSError)
    async def handle_system_error(request: Request, error: OSError) -> Response:
        if not is_exhausted(error):
            raise error
        return write(request, Unavailable("this machine has no file descriptor or memory left for another request"))

    @app.exception_handler(Exception)
    async def handle_bug(request: Request, error: Exception) -> JSONResponse:
        # uvicorn logs the error with its traceback; neither goes to the client.
        return response_to(HttpError(500, "the server failed at this request; its log says how"))


def _routing_sentence(request: Request, error: HTTPException) -> str:
    if error.status_code == 404:
        return "this address does not exist; /docs lists all addresses"
    if error.status_code == 405:
        return f"{request.method} is not allowed here, only {_allowed(request)}"
    return str(error.detail)


def _allowed(request: Request) -> str:
    """Return every method of a path; the framework names only those of the first route, without HEAD."""
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
