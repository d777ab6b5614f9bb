"""WHEP: a browser offers to receive a camera, we answer; then its session can be completed and ended.

The client drafts leave room; what real clients need is: ``Location`` as an absolute path, 406 and never 400 when there
is nothing to play, an empty PATCH taken calmly, and OPTIONS that names the type of the body.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import Response

from pipeline import ServerConfig
from streams import SDP_BYTES_MAX, OfferError

from .access import UNAUTHENTICATED
from .dependencies import WithBackend
from .messages import Problem, problems, read_body

SDP = "application/sdp"
FRAGMENT = "application/trickle-ice-sdpfrag"
router = APIRouter(prefix="/whep", tags=["WebRTC"])


def _body(media_type: str) -> dict[str, Any]:
    return {"requestBody": {"required": True, "content": {media_type: {"schema": {"type": "string"}}}}}


@router.post(
    "/{camera}",
    status_code=201,
    response_class=Response,
    openapi_extra=_body(SDP),
    responses={201: {"content": {SDP: {}}}, **problems(400, 404, 406, 408, 413, 415, 429, 503)},
)
async def offer(camera: str, request: Request, backend: WithBackend, annotations: bool = True) -> Response:
    """Answer an SDP offer with one that holds all candidates; ``Location`` is the session, and a secret."""
    backend.public_camera(camera)
    _require_type(request, SDP)
    sdp = _text(await read_body(request, SDP_BYTES_MAX, "an offer"))
    try:
        session = await backend.whep.offer(camera, sdp, annotations=annotations)
    except OfferError as error:
        raise _as_problem(error) from error
    headers = {
        "Location": f"/whep/{camera}/{session.secret}",
        "ETag": session.etag,
        "Accept-Patch": FRAGMENT,
        "Cache-Control": "no-store",
    }
    response = Response(session.answer, 201, headers, media_type=SDP)
    _add_links(response, backend.config.server)
    return response


@router.options("/{camera}", status_code=204, response_class=Response, responses=problems(404))
async def options(camera: str, request: Request, backend: WithBackend) -> Response:
    """Tell what may be posted, and which ICE servers to use; without a token only the first."""
    response = Response(status_code=204, headers={"Accept-Post": SDP, "Allow": "OPTIONS, POST"})
    if UNAUTHENTICATED in request.scope:  # there may be passwords in the links
        return response
    backend.public_camera(camera)
    _add_links(response, backend.config.server)
    return response


@router.patch(
    "/{camera}/{session}",
    status_code=204,
    response_class=Response,
    openapi_extra=_body(FRAGMENT),
    responses=problems(400, 404, 408, 412, 413, 415, 422),
)
async def patch(camera: str, session: str, request: Request, backend: WithBackend) -> Response:
    """Take more candidates of the viewer; an ICE restart is refused."""
    backend.public_camera(camera)
    body = await read_body(request, SDP_BYTES_MAX, "a fragment")
    if body:
        _require_type(request, FRAGMENT)
    try:
        await backend.whep.patch(session, _text(body), _if_match(request), camera=camera)
    except OfferError as error:
        raise _as_problem(error) from error
    return Response(status_code=204)


@router.delete("/{camera}/{session}", response_class=Response, responses=problems(404))
async def delete(camera: str, session: str, backend: WithBackend) -> Response:
    """End a session."""
    backend.public_camera(camera)
    try:
        await backend.whep.delete(session, camera=camera)
    except OfferError as error:
        raise _as_problem(error) from error
    return Response(status_code=200)


@router.options("/{camera}/{session}", status_code=204, response_class=Response, responses=problems(404))
async def session_options(camera: str, session: str, request: Request, backend: WithBackend) -> Response:
    """Tell what may be done with a session; whether it exists is not revealed."""
    if UNAUTHENTICATED not in request.scope:
        backend.public_camera(camera)
    return Response(status_code=204, headers={"Accept-Patch": FRAGMENT, "Allow": "DELETE, OPTIONS, PATCH"})


def _require_type(request: Request, wanted: str) -> None:
    got = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if got != wanted:
        raise Problem(415, f"the body has to be {wanted}", {"Accept-Post": SDP} if wanted == SDP else None)


def _if_match(request: Request) -> str | None:
    return ",".join(request.headers.getlist("if-match")) or None


def _text(body: bytes) -> str:
    try:
        return body.decode()
    except UnicodeDecodeError:
        raise Problem(400, "this is no SDP: it is not even text") from None


def _as_problem(error: OfferError) -> Problem:
    return Problem(error.status, error.detail, {"Retry-After": "2"} if error.status in (429, 503) else None)


def _add_links(response: Response, config: ServerConfig) -> None:
    for link in ice_links(config):
        response.headers.append("Link", link)


def ice_links(config: ServerConfig) -> Iterator[str]:
    """Yield the ``Link`` header of every ICE server in the config."""
    for server in config.ice.servers:
        for url in server.urls:
            link = f'<{url}>; rel="ice-server"'
            if server.username is not None:
                link += f'; username="{_quoted(server.username)}"; credential="{_quoted(server.credential or "")}"'
                link += '; credential-type="password"'
            yield link


def _quoted(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"')
