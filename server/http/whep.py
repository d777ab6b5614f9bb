"""The WHEP endpoints: a browser offers to receive a camera, and completes and ends the session that it gets.

The drafts are vague. Real clients need ``Location`` as an absolute path, 406 and not 400 if there is nothing to play, a
success for an empty PATCH, and OPTIONS with the type of the body.
"""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from .dependencies import WithBackend
from .messages import problems
from .signalling import (
    FRAGMENT,
    SDP,
    SignallingRouter,
    add_links,
    body_of,
    created,
    if_match,
    is_authenticated,
    read_fragment,
    read_offer,
    signalling_errors,
)

router = SignallingRouter(prefix="/whep", tags=["WebRTC"])


@router.post(
    "/{camera}",
    status_code=201,
    response_class=Response,
    openapi_extra=body_of(SDP),
    responses={201: {"content": {SDP: {}}}, **problems(400, 404, 406, 408, 413, 415, 429, 503)},
)
async def offer(camera: str, request: Request, backend: WithBackend, annotations: bool = True) -> Response:
    """Answer an SDP offer, with all candidates; ``Location`` is the session's address, which is secret."""
    backend.public_camera(camera)
    sdp = await read_offer(request)
    with signalling_errors():
        session = await backend.whep.offer(camera, sdp, annotations=annotations)
    return created(session, f"/whep/{camera}", backend.config.server)


@router.options("/{camera}", status_code=204, response_class=Response, responses=problems(404))
async def options(camera: str, request: Request, backend: WithBackend) -> Response:
    """Return the accepted type of offers and, to clients with a token, the ICE servers."""
    response = Response(status_code=204, headers={"Accept-Post": SDP, "Allow": "OPTIONS, POST"})
    if is_authenticated(request):
        backend.public_camera(camera)
        add_links(response, backend.config.server)
    return response


@router.patch(
    "/{camera}/{session}",
    status_code=204,
    response_class=Response,
    openapi_extra=body_of(FRAGMENT),
    responses=problems(400, 404, 408, 412, 413, 415, 422),
)
async def patch(camera: str, session: str, request: Request, backend: WithBackend) -> Response:
    """Add candidates of the viewer; an ICE restart is refused."""
    backend.public_camera(camera)
    fragment = await read_fragment(request)
    with signalling_errors():
        await backend.whep.patch(session, fragment, if_match(request), camera=camera)
    return Response(status_code=204)


@router.delete("/{camera}/{session}", response_class=Response, responses=problems(404))
async def delete(camera: str, session: str, backend: WithBackend) -> Response:
    """End a session."""
    backend.public_camera(camera)
    with signalling_errors():
        await backend.whep.delete(session, camera=camera)
    return Response(status_code=200)


@router.options("/{camera}/{session}", status_code=204, response_class=Response, responses=problems(404))
async def session_options(camera: str, session: str, request: Request, backend: WithBackend) -> Response:
    """Return the methods of a session, without revealing whether it exists."""
    if is_authenticated(request):
        backend.public_camera(camera)
    return Response(status_code=204, headers={"Accept-Patch": FRAGMENT, "Allow": "DELETE, OPTIONS, PATCH"})
