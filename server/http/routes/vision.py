"""The endpoints for predictions, on pictures in the request or on a camera's next frame."""

from __future__ import annotations

import base64
import json
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from functools import partial
from typing import Annotated, Any

from fastapi import APIRouter, Depends, Query, Request, Response

from cameras import Frame, Prediction
from streams import jpeg
from vision import Session, VisionService

from ...connections import by_turns
from ...core import (
    PARTS_AT_ONCE,
    Backend,
    NotFound,
    RequestError,
    Wanted,
    captured_at,
    current_caller,
    decode,
    frame_of,
    reply,
    require_kind,
    service_info,
)
from ..messages import (
    URLS_BYTES_MAX,
    HttpError,
    Part,
    PredictionReplies,
    PredictionReply,
    ServiceInfo,
    document,
    named_urls,
    pictures_of,
    problems,
    read_body,
)
from .dependencies import WithBackend

router = APIRouter(prefix="/api/vision", tags=["Vision"])

Picture = Part | Callable[[], Awaitable[bytes]]
"""A picture in the request, or a function that downloads it."""

_PICTURES = {
    "requestBody": {
        "required": True,
        "content": {
            "image/*": {"schema": {"type": "string", "format": "binary"}},
            "application/json": {
                "schema": {
                    "type": "object",
                    "properties": {"image_url": {"type": "string"}, "image_urls": {"type": "array"}},
                    "description": "The server downloads them, if its configuration has `allow_image_urls: true`.",
                }
            },
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "additionalProperties": {"type": "string", "format": "binary"},
                    "description": "Every file part is a picture.",
                }
            },
        },
    }
}


async def _wanted(
    n: Annotated[
        int | None,
        Query(ge=0, description="Number of results at most, the best first; 0 is all, the default of most kinds."),
    ] = None,
    confidence_threshold: Annotated[
        float, Query(ge=0, le=1, allow_inf_nan=False, description="Lowest confidence to keep.")
    ] = 0.0,
) -> Wanted:
    return Wanted(n, confidence_threshold)


WantedQuery = Annotated[Wanted, Depends(_wanted)]


@router.get("", response_model=None, responses={200: {"model": list[ServiceInfo]}})
async def services(backend: WithBackend) -> list[dict[str, Any]]:
    """List the vision services with their kinds of results and labels."""
    return [service_info(backend, service) for service in backend.services.values()]


@router.post(
    "/{service}/{kind}",
    response_model=None,
    openapi_extra=_PICTURES,
    responses={200: {"model": PredictionReply | PredictionReplies}, **problems(400, 404, 408, 413, 415, 422, 429, 503)},
)
async def predict(
    service: str,
    kind: str,
    request: Request,
    backend: WithBackend,
    wanted: WantedQuery,
    exif: Annotated[bool, Query(description="Apply the EXIF orientation of pictures.")] = True,
) -> Response:
    """Return the predictions for the picture sent, or for each picture of a form."""
    model, prediction = _service_and_kind(backend, service, kind)

    def answer(session: Session, part: Part) -> bytes:
        frame = decode(part.read(), exif=exif, limits=backend.limits.pictures)
        return _encoded(reply(session, prediction, frame, wanted))

    async def result(session: Session, picture: Picture) -> bytes:
        part = picture if isinstance(picture, Part) else Part(await picture())
        return await backend.models.run_for(model, answer, session, part)

    async def result_or_problem(session: Session, picture: Picture) -> bytes:
        try:
            return await result(session, picture)
        except RequestError as error:
            return _encoded(document(error))

    client = request.client.host if request.client is not None else ""
    async with _pictures(request, backend) as pictures, backend.session(model, f"client {client}") as session:
        if len(pictures) == 1:
            return _json(await result(session, pictures[0]))
        results = await by_turns((result_or_problem(session, picture) for picture in pictures), PARTS_AT_ONCE)
        return _json(b'{"results":[' + b",".join(results) + b"]}")


@router.get(
    "/{service}/{kind}",
    response_model=None,
    responses={200: {"model": PredictionReply}, **problems(400, 404, 422, 503)},
)
async def predict_camera(
    service: str,
    kind: str,
    backend: WithBackend,
    wanted: WantedQuery,
    camera: Annotated[
        str | None, Query(description="The camera that gives the frame, without annotations. Default: the service's.")
    ] = None,
    return_image: Annotated[bool, Query(description="Also return that frame, as base64 JPEG.")] = False,
) -> Response:
    """Return the predictions for a camera's next frame."""
    model, prediction = _service_and_kind(backend, service, kind)
    name = camera or backend.default_camera(model)
    if name is None:
        raise HttpError(422, "camera: field required")
    running = backend.public_camera(name)
    if return_image:
        current_caller().require({"view"})

    def answer(session: Session, frame: Frame) -> bytes:
        content = reply(session, prediction, frame, wanted) | {
            "camera": name,
            "sequence": frame.sequence,
            "pts_s": round(frame.time_s, 6),
            "captured_at": captured_at(frame),
        }
        if return_image:
            content["image"] = base64.b64encode(jpeg(frame)).decode()
        return _encoded(content)

    async with backend.session(model, f"camera {name}") as session:
        frame = await frame_of(backend, running)
        return _json(await backend.models.run_for(model, answer, session, frame))


@asynccontextmanager
async def _pictures(request: Request, backend: Backend) -> AsyncIterator[Sequence[Picture]]:
    """Yield the pictures in a request, or the downloads of the URLs in it."""
    if request.headers.get("content-type", "").partition(";")[0].strip().lower() != "application/json":
        async with pictures_of(request, backend.limits) as parts:
            yield parts
        return
    urls = named_urls(await read_body(request, URLS_BYTES_MAX, "a list of URLs"), backend.limits.inputs)
    if backend.images is None:
        raise HttpError(400, "pictures by URL are off; allow_image_urls: true in the configuration allows them")
    yield [partial(backend.images.fetch, url) for url in urls]


def _service_and_kind(backend: Backend, service: str, kind: str) -> tuple[VisionService[Any], type[Prediction]]:
    model = backend.service(service)
    if kind not in backend.kinds:
        raise NotFound("this address does not exist; /docs lists all addresses")
    require_kind(model, kind)
    return model, backend.kinds[kind]


def _encoded(content: dict[str, Any]) -> bytes:
    """Return JSON. Call it on the model's thread: a thousand labels, or a mask, would delay the loop's packets."""
    return json.dumps(content, ensure_ascii=False, allow_nan=False, separators=(",", ":")).encode()


def _json(content: bytes) -> Response:
    return Response(content, media_type="application/json")
