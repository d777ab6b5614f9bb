"""The endpoints for the state and the pictures of cameras."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Annotated, Literal

from fastapi import APIRouter, Query, Request
from fastapi.responses import JSONResponse, Response

from streams import Snapshot

from ...core import camera_info, captured_at, held_picture_of, picture_of
from ..messages import CameraInfo, problems, quality
from .dependencies import WithBackend

router = APIRouter(prefix="/api/cameras", tags=["Cameras"])


@router.get("", response_model=None, responses={200: {"model": list[CameraInfo]}})
async def cameras(backend: WithBackend) -> JSONResponse:
    """List every camera with its state."""
    # Every open page polls this, in the event loop that also sends the packets. The framework would validate any other
    # kind of response, which takes longer than all the rest.
    return JSONResponse([camera_info(backend, feed) for feed in backend.feeds.values()])


@router.get("/{name}", response_model=None, responses={200: {"model": CameraInfo}, **problems(404)})
async def camera(name: str, backend: WithBackend) -> JSONResponse:
    """Return one camera with its state."""
    return JSONResponse(camera_info(backend, backend.camera(name)))


@router.get(
    "/{name}/image",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}, "image/png": {}}, "description": "The picture, without metadata"},
        204: {"description": "With ``?open=false``: the camera has given no picture yet"},
        304: {"description": "The picture still has the ETag in If-None-Match"},
        **problems(404, 422, 503),
    },
)
async def image(
    name: str,
    request: Request,
    backend: WithBackend,
    annotations: bool = True,
    open: Annotated[bool, Query(description="``false``: the newest picture held, however old.")] = True,
    width: Annotated[
        int | None, Query(ge=16, le=16384, description="Width in pixels that a wider picture is scaled to.")
    ] = None,
) -> Response:
    """Return a picture captured now, opening the camera if needed: JPEG, or PNG if ``Accept`` prefers it."""
    camera = backend.public_camera(name)
    kind: Literal["jpeg", "png"] = "png" if _prefers_png(request.headers.getlist("accept")) else "jpeg"
    shot: Snapshot | None
    if open:
        shot = await picture_of(backend, camera, annotations, kind, width)
    else:
        shot = await held_picture_of(backend, camera, annotations, kind, width)
    if shot is None:
        return Response(status_code=204)
    tag = f'"{hashlib.blake2b(shot.data, digest_size=12).hexdigest()}"'
    headers = {
        "Cache-Control": "no-store",
        "ETag": tag,
        "Vary": "Accept",
        "X-Captured-At": captured_at(shot.frame),
        "X-Sequence": str(shot.frame.sequence),
    }
    if _names(request.headers.getlist("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return Response(shot.data, media_type=shot.mime_type, headers=headers)


def _names(headers: Sequence[str], tag: str) -> bool:
    """Return whether ``If-None-Match`` names an ETag; a weak one is as good (RFC 9110, 13.1.2)."""
    named = {name.strip().removeprefix("W/") for name in ",".join(headers).split(",")}
    return tag in named or "*" in named


def _prefers_png(headers: Sequence[str]) -> bool:
    """Return whether an ``Accept`` header prefers PNG to JPEG; without a preference, the answer is JPEG."""
    return quality(headers, "image/png") > quality(headers, "image/jpeg")
