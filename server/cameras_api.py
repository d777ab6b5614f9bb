"""What the cameras are doing, and a picture of one."""

from __future__ import annotations

import hashlib
from typing import Any, Literal

from fastapi import APIRouter, Request
from fastapi.responses import JSONResponse, Response

from cameras import Prediction
from pipeline import RunningCamera
from streams import snapshot

from .accept import prefers_png
from .house import AHouse, House, captured_at
from .problems import Problem, unavailable
from .replies import CameraStatus, problems

FRAME_WITHIN_S = 10.0

router = APIRouter(prefix="/api/cameras", tags=["Cameras"])


@router.get("", response_model=None, responses={200: {"model": list[CameraStatus]}})
async def cameras(house: AHouse) -> JSONResponse:
    """List every camera with its state."""
    # Every open page asks for this again and again, in the loop that moves the packets. A response of our own is not
    # walked through by the framework, which takes longer than all the rest.
    return JSONResponse([status(house, camera) for camera in house.graph.cameras.values()])


@router.get("/{name}", response_model=None, responses={200: {"model": CameraStatus}, **problems(404)})
async def camera(name: str, house: AHouse) -> JSONResponse:
    """Tell what one camera is doing."""
    return JSONResponse(status(house, house.camera(name)))


@router.get(
    "/{name}/image",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}, "image/png": {}}, "description": "The picture, without metadata"},
        304: {"description": "It is the picture named in If-None-Match"},
        **problems(404, 503),
    },
)
async def image(name: str, request: Request, house: AHouse, annotations: bool = True) -> Response:
    """Give a picture captured now, opening the camera if need be: JPEG, or PNG when ``Accept`` prefers it."""
    camera = house.exit_of(name)
    kind: Literal["jpeg", "png"] = "png" if prefers_png(request.headers.getlist("accept")) else "jpeg"
    try:
        shot = await house.waits.run(snapshot, camera, annotations, kind, FRAME_WITHIN_S)
    except TimeoutError:
        raise no_frame(house, camera) from None
    tag = f'"{hashlib.blake2b(shot.data, digest_size=12).hexdigest()}"'
    headers = {
        "Cache-Control": "no-store",
        "ETag": tag,
        "Vary": "Accept",
        "X-Captured-At": captured_at(shot.frame),
        "X-Sequence": str(shot.frame.sequence),
    }
    if request.headers.get("if-none-match") == tag:
        return Response(status_code=304, headers=headers)
    return Response(shot.data, media_type=shot.mime_type, headers=headers)


def no_frame(house: House, camera: RunningCamera) -> Problem:
    """Return the problem of a camera that gives no picture, with its own reason where it has one."""
    error = house.error_of(camera)
    reason = f": {error}" if error else ""
    return unavailable(f"camera {camera.name} gave no frame within {FRAME_WITHIN_S:g} s{reason}", 5)


def status(house: House, camera: RunningCamera) -> dict[str, Any]:
    """Return what ``/api/cameras`` says of a camera; nothing is opened or run for it."""
    name = camera.name
    return {
        **camera.status(),
        "error": house.error_of(camera),
        "viewers": house.streams.viewers(name),
        "sessions": house.streams.sessions(name),
        "encoders": house.streams.encoders(name),
        "private": camera.config.private,
        "annotates": camera.annotates,
        "latest": _latest(camera),
    }


def _latest(camera: RunningCamera) -> dict[str, Any] | None:
    frame = camera.latest
    if frame is None or camera.config.private:
        return None
    return {
        "sequence": frame.sequence,
        "captured_at": captured_at(frame),
        "predictions": [
            {
                "kind": annotation.kind,
                "transform": annotation.transform,
                "service": annotation.service,
                **annotation.to_wire(frame.width, frame.height, masks=False),
            }
            for annotation in frame.annotations
            if isinstance(annotation, Prediction)
        ],
    }
