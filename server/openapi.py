"""The API's document: what the framework writes of the endpoints, completed by what stands before and beside them."""

from __future__ import annotations

from typing import Any

from fastapi import FastAPI

from . import clarifai, problems
from .guard import OPEN_PATHS
from .tokens import TRIES

_SCHEMAS = "#/components/schemas/"
_PROBLEM = {problems.MEDIA_TYPE: {"schema": {"$ref": f"{_SCHEMAS}ProblemReply"}}}
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "One of the server's tokens, where it has some; `Key TOKEN` and the token alone are taken too.",
}
_FOREIGN = "A page of another site asks, or the Host header names another server"
_REFUSALS = {
    "401": "The server has tokens, and none of them came",
    "429": f"{TRIES} wrong tokens came from this address within a minute; Retry-After says when to try again",
}
_ANY: list[dict[str, list[str]]] = [{}, {"token": []}]


def describe(app: FastAPI, *, with_tokens: bool) -> None:
    """Complete the document of an app, which is made when it is first asked for.

    Args:
        app: With all its endpoints.
        with_tokens: Whether the server has tokens.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        made = app.openapi_schema is not None
        document = generate()
        if not made:
            _complete(document, with_tokens)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI's documentation shows


def _complete(document: dict[str, Any], with_tokens: bool) -> None:
    document["components"]["securitySchemes"] = {"token": _TOKEN}
    document["security"] = [{"token": []}] if with_tokens else _ANY
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _add_refusals(operation, path, method)
    _add_clarifai(document)
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)


def _add_refusals(operation: dict[str, Any], path: str, method: str) -> None:
    """Say what the guard may answer; and of every error that it is a problem, the framework's own included."""
    responses = operation["responses"]
    responses["403"] = {"description": _FOREIGN}
    if path in OPEN_PATHS:
        operation["security"] = []
    elif method == "options":
        operation["security"] = _ANY
    else:
        for status, words in _REFUSALS.items():
            own = responses.setdefault(status, {"description": ""})
            own["description"] = f"{own['description']}; or: {words}" if own["description"] else words
    for status in [status for status in responses if int(status) >= 400]:
        responses[status]["content"] = _PROBLEM
    operation["responses"] = dict(sorted(responses.items()))


def _add_clarifai(document: dict[str, Any]) -> None:
    """Name the shorter forms of the address; whoever may not ask is told so in Clarifai's form too."""
    paths = [getattr(route, "path", "") for route in clarifai.router.routes]
    [longest] = [path for path in paths if path in document["paths"]]
    operation = document["paths"][longest]["post"]
    shorter = ", ".join(f"``{path}``" for path in paths if path != longest)
    operation["description"] += f"\n\nShorter forms of the address: {shorter}."
    for status in _REFUSALS:
        operation["responses"][status]["content"] = operation["responses"]["200"]["content"]
