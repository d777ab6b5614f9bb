"""The endpoints about the server itself: health, readiness, measurements and the schema of the configuration."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any, TypeVar

from fastapi import APIRouter, Request, Response
from fastapi.responses import JSONResponse, PlainTextResponse
from starlette.datastructures import State

from pipeline import schema

from ...core import Unavailable, on_thread
from ...metrics import OPEN_METRICS, TEXT, measurements
from ..access import base_path
from ..messages import ClockInfo, problems, quality
from .dependencies import WithBackend

T = TypeVar("T")

router = APIRouter(tags=["Server"])


@router.get("/healthz")
async def health() -> dict[str, str]:
    """Report that the server is alive."""
    return {"status": "ok"}


@router.get("/readyz", responses=problems(503))
async def ready(request: Request) -> dict[str, str]:
    """Report whether the server accepts viewers: not before everything is loaded, and not while it is closing."""
    if request.app.state.closing:
        raise Unavailable("the server is closing")
    return {"status": "ready"}


@router.get("/api/clock", response_model=None, responses={200: {"model": ClockInfo}})
async def clock() -> JSONResponse:
    """Return the time of the server, with which a page finds out how far its own clock is off."""
    return JSONResponse({"time_s": time.time()})


@router.get("/metrics", response_class=PlainTextResponse)
async def metrics(request: Request, backend: WithBackend) -> Response:
    """Return measurements of the server in the text format of Prometheus, or in OpenMetrics by ``Accept``."""
    wanted = request.headers.getlist("accept")
    is_open = quality(wanted, "application/openmetrics-text") > quality(wanted, "text/plain")
    form = OPEN_METRICS if is_open else TEXT
    packed = quality(request.headers.getlist("accept-encoding"), "gzip") > 0
    body = await measurements(backend, form, packed=packed)
    headers = {"Vary": "Accept, Accept-Encoding", **({"Content-Encoding": "gzip"} if packed else {})}
    return Response(body, headers=headers, media_type=form.media_type)


@router.get("/openapi.json", include_in_schema=False)
async def openapi(request: Request) -> Response:
    """Return the OpenAPI document, with the path prefix of the addresses, if there is one."""
    app = request.app
    made = await _made_once(app.state, "openapi", app, lambda: _compact(app.openapi()))
    if prefix := base_path(request):
        made = _compact({"servers": [{"url": prefix}]})[:-1] + b"," + made[1:]
    return Response(made, media_type="application/json")


@router.get("/schema.json", response_model=None)
async def config_schema(request: Request, backend: WithBackend) -> Response:
    """Return the JSON Schema of the configuration file."""
    tables = backend.config.tables
    made = await _made_once(request.app.state, "schema", tables, lambda: _compact(schema(tables)))
    return Response(made, media_type="application/json")


async def _made_once(state: State, name: str, source: object, make: Callable[[], T]) -> T:
    """Return what is made of a source. It takes a tenth of a second, so it is made once, on a thread.

    Args:
        state: The state of the app, which keeps it.
        name: Its name in the state.
        source: What it is made of; another one replaces it.
        make: Makes it.
    """
    kept: tuple[object, asyncio.Future[T]] | None = getattr(state, name, None)
    if kept is None or kept[0] is not source:
        kept = source, on_thread(name, make)
        setattr(state, name, kept)
    return await asyncio.shield(kept[1])


def _compact(document: dict[str, Any]) -> bytes:
    return json.dumps(document, separators=(",", ":")).encode()
