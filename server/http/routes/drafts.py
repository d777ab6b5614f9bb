"""The endpoints of an editor: drafts, which show a camera of a text that is not saved, and the webcams found."""

from __future__ import annotations

import json
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request
from fastapi.responses import JSONResponse, Response

from cameras import webcams

from ...core import NotFound, Unreadable, current_caller, on_thread
from ...drafts import Draft, Drafts
from ..access import base_path
from ..messages import DeviceInfo, DraftChanged, DraftCreated, DraftInfo, problems, read_body
from .dependencies import ForAllCameras, WithReloader

router = APIRouter(prefix="/api", tags=["Editing"], dependencies=[ForAllCameras])

WAIT_S = 5.0
"""How long a request waits for a newer picture."""
BODY_BYTES_MAX = 6_200_000
"""Size limit of a text as JSON: of the largest text that is read, with every character escaped."""
_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "content": {
            "application/json": {
                "schema": {
                    "type": "object",
                    "required": ["text", "camera"],
                    "properties": {
                        "text": {"type": "string", "description": "A whole configuration."},
                        "camera": {"type": "string", "description": "The camera of the text to show."},
                    },
                }
            }
        },
    }
}


async def _drafts(request: Request, reloader: WithReloader) -> Drafts:
    if not reloader.file.is_editable:
        raise NotFound("editing is off; camweave serve --edit turns it on")
    drafts: Drafts = request.app.state.drafts
    return drafts


WithDrafts = Annotated[Drafts, Depends(_drafts)]


async def _draft(id: str, drafts: WithDrafts) -> Draft:
    return drafts.get(id, current_caller())


WithDraft = Annotated[Draft, Depends(_draft)]


@router.post(
    "/drafts",
    status_code=201,
    response_model=None,
    responses={201: {"model": DraftCreated, "description": "``Location`` is its address"}, **problems(404, 429)},
)
async def create(request: Request, drafts: WithDrafts) -> JSONResponse:
    """Start a draft. It ends 15 seconds after the last request for it."""
    draft = drafts.create(current_caller())
    return JSONResponse({"id": draft.id}, 201, headers={"Location": f"{base_path(request)}/api/drafts/{draft.id}"})


@router.put(
    "/drafts/{id}",
    response_model=None,
    openapi_extra=_BODY,
    responses={200: {"model": DraftChanged}, **problems(400, 403, 404, 408, 413, 422, 429, 503)},
)
async def change(draft: WithDraft, request: Request) -> JSONResponse:
    """Show a camera of a text from now on. If the text has problems, what was shown before goes on."""
    with draft.asked():
        text, camera = _wanted(await read_body(request, BODY_BYTES_MAX, "a draft"))
        found = await draft.change(text, camera, current_caller())
    listed = [
        {"line": problem.line, "column": problem.column, "path": problem.path, "message": problem.message}
        for problem in found
    ]
    source = draft.source
    return JSONResponse({"problems": listed, "camera": draft.camera, "source": None if source is None else source.name})


@router.get("/drafts/{id}", response_model=None, responses={200: {"model": DraftInfo}, **problems(404)})
async def info(draft: WithDraft) -> JSONResponse:
    """Return the state of a draft."""
    with draft.asked():
        return JSONResponse(draft.info())


@router.get(
    "/drafts/{id}/image",
    response_class=Response,
    responses={
        200: {"content": {"image/jpeg": {}}, "description": "The picture; ``X-Sequence`` is its number"},
        204: {"description": "No newer picture came within 5 seconds"},
        **problems(404, 422),
    },
)
async def image(
    draft: WithDraft, after: Annotated[int, Query(ge=0, description="The number of the last picture.")] = 0
) -> Response:
    """Wait for a newer picture of a draft. Its camera runs only while somebody asks for pictures."""
    with draft.asked():
        found = await draft.picture(after, WAIT_S)
    if found is None:
        return Response(status_code=204)
    headers = {"X-Sequence": str(found.number), "X-Captured-At": found.captured_at}
    return Response(found.jpeg, media_type="image/jpeg", headers=headers)


@router.delete("/drafts/{id}", status_code=204, response_class=Response, responses=problems(404))
async def end(draft: WithDraft, drafts: WithDrafts) -> Response:
    """End a draft."""
    drafts.end(draft)
    return Response(status_code=204)


@router.get("/devices", response_model=None, responses={200: {"model": list[DeviceInfo]}, **problems(404)})
async def found(drafts: WithDrafts) -> list[dict[str, Any]]:
    """List the webcams of this machine, the default first. None is opened."""
    return [{"path": path, "name": name} for path, name in await on_thread("devices", webcams)]


def _wanted(body: bytes) -> tuple[str, str]:
    """Return the text and the camera in a body.

    Raises:
        Unreadable: It has something else.
    """
    try:
        wanted = json.loads(body)
    except (ValueError, RecursionError):
        wanted = None
    text, camera = (wanted.get(key) if isinstance(wanted, dict) else None for key in ("text", "camera"))
    if not isinstance(text, str) or not isinstance(camera, str):
        raise Unreadable('the body must be JSON like {"text": "cameras: ...", "camera": "porch"}, both of them texts')
    return text, camera
