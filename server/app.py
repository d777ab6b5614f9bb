"""The HTTP app: every endpoint."""

from __future__ import annotations

from fastapi import FastAPI

from pipeline import Config, Graph
from streams import Streams

from . import cameras_api, clarifai, openapi, pages, problems, vision_api, whep
from .house import open_house
from .version import program_version

_DESCRIPTION = (
    "Cameras, the pictures they give, and what is recognised in them. Errors are RFC 9457 problems. "
    "A server with tokens needs one with every request: ``Authorization: Bearer TOKEN``."
)


def create_app(graph: Graph, streams: Streams, config: Config) -> FastAPI:
    """Return the app over a graph that runs; ``app.state.house.close()`` lets its threads go.

    Args:
        graph: Open; closed by whoever opened it.
        streams: The same.
        config: What both were made from.
    """
    app = FastAPI(
        title="camweave",
        version=program_version(),
        description=_DESCRIPTION,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,  # it would build the address out of the Host header
    )
    app.state.house = open_house(graph, streams, config)
    app.state.closing = False
    problems.install(app)
    for router in (cameras_api.router, vision_api.router, whep.router, clarifai.router, pages.router):
        app.include_router(router)
    openapi.describe(app, with_tokens=bool(config.server.tokens))
    return app
