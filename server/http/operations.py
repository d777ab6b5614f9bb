"""The endpoints about the server itself: health, readiness and the schema of the configuration."""

from __future__ import annotations

import asyncio
import json

from fastapi import APIRouter, Request, Response

from pipeline import Tables, schema

from ..core import Unavailable, on_thread
from .dependencies import WithBackend
from .messages import problems

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


@router.get("/schema.json", response_model=None)
async def config_schema(request: Request, backend: WithBackend) -> Response:
    """Return the JSON Schema of the configuration file."""
    tables, state = backend.config.tables, request.app.state
    # Making it takes a tenth of a second, so it is made once, on a thread, and shared by all requests.
    if getattr(state, "schema_of", None) is not tables:
        state.schema_of, state.schema = tables, on_thread("schema", lambda: _schema(tables))
    return Response(await asyncio.shield(state.schema), media_type="application/json")


def _schema(tables: Tables) -> bytes:
    return json.dumps(schema(tables), separators=(",", ":")).encode()
