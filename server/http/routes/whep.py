"""The WHEP endpoint for offers: a browser offers to receive a camera.

The drafts are vague. Real clients need ``Location`` as an absolute path, 406 and not 400 if there is nothing to play, a
success for an empty PATCH, and OPTIONS with the type of the body.
"""

from __future__ import annotations

from fastapi import Request
from fastapi.responses import Response

from ..access import base_path
from ..messages import problems
from .dependencies import WithBackend
from .signalling import SDP, SignallingRouter, body_of, created, read_offer, require_place
from .viewing import client_key, viewing_errors, withdrawal_of

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
    require_place(request, backend.whep, camera)
    sdp = await read_offer(request, backend.config.server.limits)
    with viewing_errors():
        session = await backend.whep.offer(camera, sdp, annotations=annotations, client=client_key(request))
    backend.whep.end_when(session.secret, withdrawal_of(backend.tokens, "view", camera))
    return created(session, f"{base_path(request)}/whep/{camera}", backend.config.server)


router.add_session_routes(lambda backend: backend.whep)
