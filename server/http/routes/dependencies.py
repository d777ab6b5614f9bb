"""Dependencies that the framework injects into endpoints."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from ...configuration import Reloader
from ...core import Backend


async def _backend(request: Request) -> Backend:
    backend: Backend = request.app.state.backend
    return backend


WithBackend = Annotated[Backend, Depends(_backend)]
"""The type of an endpoint parameter that receives the backend."""


async def _reloader(request: Request) -> Reloader:
    reloader: Reloader = request.app.state.reloader
    return reloader


WithReloader = Annotated[Reloader, Depends(_reloader)]
"""The type of an endpoint parameter that receives the configuration, to change it."""
