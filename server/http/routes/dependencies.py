"""Dependencies that the framework injects into endpoints."""

from __future__ import annotations

from typing import Annotated

from fastapi import Depends, Request

from ...configuration import Reloader
from ...core import Backend, Forbidden, current_caller


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


async def require_all_cameras() -> None:
    """Refuse a caller whose token is limited to some cameras, for what concerns all.

    Raises:
        Forbidden: The token has a list of cameras.
    """
    if current_caller().cameras is not None:
        raise Forbidden("this token is limited to some cameras, and the configuration concerns all")


ForAllCameras = Depends(require_all_cameras)
"""A dependency of endpoints that concern all cameras."""
