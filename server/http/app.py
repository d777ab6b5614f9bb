"""The HTTP app: every endpoint."""

from __future__ import annotations

from collections.abc import Sequence

from fastapi import FastAPI

from ..configuration import Reloader
from ..core import Backend
from ..drafts import Drafts
from ..process import program_version
from . import openapi
from .messages import Extension, error_response, handle_errors
from .routes import (
    SignallingRouter,
    cameras,
    configuration,
    drafts,
    exits,
    mse,
    operations,
    pages,
    sign_in,
    vision,
    whep,
)

_DESCRIPTION = (
    "Cameras, their pictures, and predictions of vision services. Errors are RFC 9457 problem documents. "
    "If the server has tokens, every request needs one: ``Authorization: Bearer TOKEN``."
)


_API = (cameras.router, exits.router, configuration.router, drafts.router, vision.router, whep.router)

OPEN_OPTIONS = tuple(router.folder for router in _API if isinstance(router, SignallingRouter))
"""Path prefixes of signalling, below which OPTIONS needs no token."""


def create_app(backend: Backend, reloader: Reloader, drafts: Drafts, extensions: Sequence[Extension] = ()) -> FastAPI:
    """Return the app.

    Args:
        backend: The backend of all endpoints; the caller closes it.
        reloader: The configuration of all endpoints that change it.
        drafts: The drafts of editors; the caller closes them.
        extensions: APIs of other systems, which the app serves too.
    """
    # The OpenAPI document and its page keep this order.
    routers = (
        *_API,
        mse.router,
        *(extension.router for extension in extensions),
        sign_in.router,
        operations.router,
        pages.router,
    )
    app = FastAPI(
        # Included routers would be searched twice for each request.
        routes=[route for router in routers for route in router.routes],
        title="camweave",
        version=program_version(),
        description=_DESCRIPTION,
        openapi_url=None,  # operations.py has it
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # a redirect would take its address from the Host header
    )
    app.state.backend = backend
    app.state.reloader = reloader
    app.state.drafts = drafts
    app.state.closing = False
    handle_errors(app, lambda request, error: error_response(extensions, request.method, request.url.path, error))
    openapi.describe(app, extensions, backend.kinds, with_tokens=bool(backend.config.server.tokens))
    return app
