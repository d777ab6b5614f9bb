"""The HTTP app: every endpoint."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from pipeline import Config, Graph
from streams import Streams

from . import cameras_api, clarifai, pages, problems, vision_api, whep
from .house import open_house
from .version import program_version

_DESCRIPTION = "Cameras, the pictures they give, and what is recognised in them. Errors are RFC 9457 problems."
_PROBLEM = "#/components/schemas/ProblemReply"


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
    _describe(app)
    return app


def _describe(app: FastAPI) -> None:
    """Have the API's document say of every error that it is a problem, the framework's own included."""
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        made = app.openapi_schema is not None
        document = generate()
        if made:
            return document
        for operations in document["paths"].values():
            for operation in operations.values():
                for status, response in operation["responses"].items():
                    if int(status) >= 400:
                        response["content"] = {problems.MEDIA_TYPE: {"schema": {"$ref": _PROBLEM}}}
        for unused in ("HTTPValidationError", "ValidationError"):
            document["components"]["schemas"].pop(unused, None)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI's documentation shows
