"""The common part of WebRTC signalling endpoints: bodies, headers, and the statuses of errors.

WHEP and WHIP have one form: the client posts an SDP offer and gets an answer with the secret address of a session; it
completes the session with PATCH and ends it with DELETE. OPTIONS names the accepted types. All routes but that of the
offer are here; ``whep.py`` has the offer of WHEP.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from pipeline import LimitsConfig, ServerConfig
from streams import SessionAnswer, Sessions

from ...core import Backend
from ..access import UNAUTHENTICATED
from ..messages import HttpError, problems, read_body
from .dependencies import WithBackend
from .viewing import client_key, viewing_errors

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"


class SignallingRouter(APIRouter):
    """The routes of one signalling protocol; OPTIONS needs no token.

    A protocol adds the route of its offers, and all others with :meth:`add_session_routes`. Clients send OPTIONS before
    they have a token. The endpoint decides what to reveal (:func:`is_authenticated`).
    """

    @property
    def folder(self) -> str:
        """The common prefix of the paths of all routes."""
        return f"{self.prefix}/"

    def add_session_routes(self, sessions: Callable[[Backend], Sessions[Any]]) -> None:
        """Add the routes that every protocol has: OPTIONS of a camera, and PATCH, DELETE and OPTIONS of a session.

        Args:
            sessions: Returns the sessions of the protocol.
        """

        @self.options("/{camera}", status_code=204, response_class=Response, responses=problems(404))
        async def options(camera: str, request: Request, backend: WithBackend) -> Response:
            """Return the accepted type of offers and, to clients with a token, the ICE servers."""
            response = Response(status_code=204, headers={"Accept-Post": SDP, "Allow": "OPTIONS, POST"})
            if is_authenticated(request):
                backend.public_camera(camera)
                add_links(response, backend.config.server)
            return response

        @self.patch(
            "/{camera}/{session}",
            status_code=204,
            response_class=Response,
            openapi_extra=body_of(FRAGMENT),
            responses=problems(400, 404, 408, 412, 413, 415, 422),
        )
        async def patch(camera: str, session: str, request: Request, backend: WithBackend) -> Response:
            """Add candidates of the client; an ICE restart is refused."""
            backend.public_camera(camera)
            fragment = await read_fragment(request, backend.config.server.limits)
            with viewing_errors():
                await sessions(backend).patch(session, fragment, if_match(request), camera=camera)
            return Response(status_code=204)

        @self.delete("/{camera}/{session}", response_class=Response, responses=problems(404))
        async def delete(camera: str, session: str, backend: WithBackend) -> Response:
            """End a session."""
            backend.public_camera(camera)
            with viewing_errors():
                await sessions(backend).delete(session, camera=camera)
            return Response(status_code=200)

        @self.options("/{camera}/{session}", status_code=204, response_class=Response, responses=problems(404))
        async def session_options(camera: str, session: str, request: Request, backend: WithBackend) -> Response:
            """Return the methods of a session, without revealing whether it exists."""
            if is_authenticated(request):
                backend.public_camera(camera)
            return Response(status_code=204, headers={"Accept-Patch": FRAGMENT, "Allow": "DELETE, OPTIONS, PATCH"})


def is_authenticated(request: Request) -> bool:
    """Return whether a request may get data: it has a valid token, or the server needs none."""
    return UNAUTHENTICATED not in request.scope


def body_of(media_type: str) -> dict[str, Any]:
    """Return the OpenAPI description of a text body, for ``openapi_extra``."""
    return {"requestBody": {"required": True, "content": {media_type: {"schema": {"type": "string"}}}}}


def require_place(request: Request, sessions: Sessions[Any], camera: str) -> None:
    """Check that a client may send an offer now; do so before its body is read.

    Raises:
        HttpError: 429 or 503 with ``Retry-After``, if there are too many sessions.
    """
    with viewing_errors():
        sessions.require_place(camera, client_key(request))


async def read_offer(request: Request, limits: LimitsConfig) -> str:
    """Return the SDP offer in a request.

    Raises:
        HttpError: 415 for another type of body, 400 for bytes that are not text.
        RequestError: The body is too long, too slow or incomplete.
    """
    _require_type(request, SDP, {"Accept-Post": SDP})
    return _text(await read_body(request, limits.sdp_bytes, "an offer"))


async def read_fragment(request: Request, limits: LimitsConfig) -> str:
    """Return the SDP fragment in a request; an empty body of any type is an empty fragment.

    Raises:
        HttpError: 415 for another type of body, 400 for bytes that are not text.
        RequestError: The body is too long, too slow or incomplete.
    """
    body = await read_body(request, limits.sdp_bytes, "a fragment")
    if body:
        _require_type(request, FRAGMENT)
    return _text(body)


def if_match(request: Request) -> str | None:
    """Return the ETags in ``If-Match``, separated by commas; ``None`` without any."""
    return ",".join(request.headers.getlist("if-match")) or None


def created(answer: SessionAnswer, resource: str, config: ServerConfig) -> Response:
    """Return the answer to an offer: 201 with our SDP, and the new session's address and ETag.

    Args:
        answer: The new session and our SDP.
        resource: The path of the request, as the client sees it; the session's address is below it.
        config: The server's configuration, with the ICE servers.
    """
    headers = {
        "Location": f"{resource}/{answer.secret}",
        "ETag": answer.etag,
        "Accept-Patch": FRAGMENT,
        "Cache-Control": "no-store",
    }
    response = Response(answer.sdp, 201, headers, media_type=SDP)
    add_links(response, config)
    return response


def add_links(response: Response, config: ServerConfig) -> None:
    """Add the ICE servers to a response, which must be for an authenticated client: they may include passwords."""
    for link in ice_links(config):
        response.headers.append("Link", link)


def ice_links(config: ServerConfig) -> Iterator[str]:
    """Yield a ``Link`` header for each ICE server of the configuration."""
    for server in config.ice.servers:
        for url in server.urls:
            link = f'<{url}>; rel="ice-server"'
            if server.username is not None:
                link += f'; username="{_quoted(server.username)}"; credential="{_quoted(server.credential or "")}"'
                link += '; credential-type="password"'
            yield link


def _require_type(request: Request, wanted: str, headers: Mapping[str, str] | None = None) -> None:
    got = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if got != wanted:
        raise HttpError(415, f"the body must be {wanted}", headers)


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise HttpError(400, "the body is not SDP: it is not UTF-8 text") from None


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
