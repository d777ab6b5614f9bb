"""The API's document: what the framework writes of the endpoints, completed by what stands before and beside them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fastapi import FastAPI

from ..core import TRIES
from . import problems
from .access import PUBLIC_PATHS
from .extensions import Extension

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


def describe(app: FastAPI, extensions: Sequence[Extension], *, with_tokens: bool) -> None:
    """Complete the document of an app, which is made when it is first asked for.

    Args:
        app: With all its endpoints.
        extensions: Those whose endpoints are among them.
        with_tokens: Whether the server has tokens.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        made = app.openapi_schema is not None
        document = generate()
        if not made:
            _complete(document, with_tokens)
            for extension in extensions:
                _complete_extension(document, extension)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI's documentation shows


def _complete(document: dict[str, Any], with_tokens: bool) -> None:
    document["components"]["securitySchemes"] = {"token": _TOKEN}
    document["security"] = [{"token": []}] if with_tokens else _ANY
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _add_refusals(operation, path, method)
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)


def _add_refusals(operation: dict[str, Any], path: str, method: str) -> None:
    """Say what the access check may answer; and of every error that it is a problem, the framework's own included."""
    responses = operation["responses"]
    responses["403"] = {"description": _FOREIGN}
    if path in PUBLIC_PATHS:
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


def _complete_extension(document: dict[str, Any], extension: Extension) -> None:
    """Say of an extension's endpoints that whoever may not ask is told so in its own form."""
    for route in extension.router.routes:
        for operation in document["paths"].get(getattr(route, "path", ""), {}).values():
            for status in _REFUSALS:
                operation["responses"][status]["content"] = operation["responses"]["200"]["content"]
