"""The endpoints about the server itself: health, readiness and the schema of the configuration."""

from __future__ import annotations

from functools import cache
from typing import Any

from fastapi import APIRouter, Request

from pipeline import Tables, schema

from ..core import Unavailable
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
async def config_schema(backend: WithBackend) -> dict[str, Any]:
    """Return the JSON Schema of the configuration file."""
    return _schema(backend.config.tables)


@cache
def _schema(tables: Tables) -> dict[str, Any]:
    return schema(tables)
