"""Complete the framework's OpenAPI document with tokens, errors, kinds of predictions and extensions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI

from cameras import Prediction

from ..core import TRIES
from .access import PUBLIC_PATHS, PUBLIC_POSTS
from .messages import PROBLEM_TYPE, Extension

_SCHEMAS = "#/components/schemas/"
_PROBLEM = {PROBLEM_TYPE: {"schema": {"$ref": f"{_SCHEMAS}ProblemReply"}}}
_TOKEN = {
    "type": "http",
    "scheme": "bearer",
    "description": "One of the server's tokens, if it has any. `Key TOKEN` and the bare token work too.",
}
_BASIC = {"type": "http", "scheme": "basic", "description": "Any user, and the token as password."}
_FORBIDDEN = (
    "The token lacks the right, or does not allow the camera; or the request comes from a page of another site, or its "
    "Host header names another server"
)
_REFUSALS = {
    "401": "The server has tokens, and the request has none of them",
    "429": f"This address sent {TRIES} wrong tokens within a minute; Retry-After says when to try again",
}
_NEEDED: list[dict[str, list[str]]] = [{"token": []}, {"basic": []}]
_ANY: list[dict[str, list[str]]] = [{}, *_NEEDED]


def describe(
    app: FastAPI, extensions: Sequence[Extension], kinds: Mapping[str, type[Prediction]], *, with_tokens: bool
) -> None:
    """Complete the OpenAPI document of an app; it is made on the first request for it.

    Args:
        app: The app with all its endpoints.
        extensions: The extensions among the endpoints.
        kinds: The kinds of predictions, by their plural.
        with_tokens: Whether the server has tokens.
    """
    generate = app.openapi

    def openapi() -> dict[str, Any]:
        cached = app.openapi_schema is not None
        document = generate()
        if not cached:
            _complete(document, with_tokens)
            _complete_kinds(document, kinds)
            for extension in extensions:
                _complete_extension(document, extension)
        return document

    app.openapi = openapi  # type: ignore[method-assign]  # the way that FastAPI's documentation shows


def _complete(document: dict[str, Any], with_tokens: bool) -> None:
    document["components"]["securitySchemes"] = {"token": _TOKEN, "basic": _BASIC}
    document["security"] = _NEEDED if with_tokens else _ANY
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            _add_refusals(operation, path, method)
    for unused in ("HTTPValidationError", "ValidationError"):
        document["components"]["schemas"].pop(unused, None)


def _complete_kinds(document: dict[str, Any], kinds: Mapping[str, type[Prediction]]) -> None:
    """Add the parts that depend on the table of kinds: path parameters, lists in replies, latest predictions.

    The framework cannot: it reads the schemas of replies when the endpoints are declared, before the table exists.
    """
    for path, operations in document["paths"].items():
        for parameter in (each for operation in operations.values() for each in operation.get("parameters", ())):
            if parameter["name"] == "kind" and "{kind}" in path:
                parameter["schema"]["enum"] = list(kinds)
    schemas = document["components"]["schemas"]
    lists, common = schemas["PredictionReply"]["properties"], schemas.pop("LatestPrediction")
    latest: list[str] = []
    for plural, kind in kinds.items():
        # A plugin's classes may have the names of others; then its plural keeps the schemas apart.
        for prefix in ("", f"{plural}."):
            item = kind.item.model_json_schema(ref_template=f"{_SCHEMAS}{prefix}{{model}}")
            own = {f"{prefix}{name}": schema for name, schema in item.pop("$defs", {}).items()}
            own |= {
                f"{prefix}{kind.item.__name__}": item,
                f"{prefix}Latest{kind.__name__}": _latest(kind, item, common),
            }
            if all(schemas.get(name, schema) == schema for name, schema in own.items()):
                break
        schemas |= own
        latest.append(f"{prefix}Latest{kind.__name__}")
        reference = _reference(f"{prefix}{kind.item.__name__}")
        lists[plural] = {"title": plural.capitalize(), "type": "array", "items": reference}
        if kind.default_count:
            lists[plural]["description"] = f"At most {kind.default_count}, unless the request has n."
    schemas["LatestFrame"]["properties"]["predictions"]["items"] = {"anyOf": list(map(_reference, latest))}
    document["components"]["schemas"] = dict(sorted(schemas.items()))


def _reference(name: str) -> dict[str, str]:
    return {"$ref": f"{_SCHEMAS}{name}"}


def _latest(kind: type[Prediction], item: dict[str, Any], common: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a prediction for a camera's latest frame: an item without masks, with its origin."""
    properties = {**common["properties"], "kind": {"const": kind.kind}, **item["properties"]}
    return {
        **item,
        "title": f"Latest{kind.__name__}",
        "description": common["description"],
        "properties": {name: value for name, value in properties.items() if name not in kind.masks},
        "required": [name for name in [*common["required"], *item["required"]] if name not in kind.masks],
    }


def _add_refusals(operation: dict[str, Any], path: str, method: str) -> None:
    """Add the responses of the access check, and make every error response a problem document."""
    responses = operation["responses"]
    responses["403"] = {"description": _FORBIDDEN}
    if path in PUBLIC_PATHS | PUBLIC_POSTS:
        operation["security"] = []
    elif method == "options":
        operation["security"] = _ANY
    else:
        for status, reason in _REFUSALS.items():
            own = responses.setdefault(status, {"description": ""})
            own["description"] = f"{own['description']}; or: {reason}" if own["description"] else reason
    for status in [status for status in responses if int(status) >= 400]:
        content = responses[status].get("content", {})
        if (
            content.get("application/json", {}).get("schema", {}).get("type") != "array"
        ):  # of a configuration's problems
            responses[status]["content"] = _PROBLEM
    operation["responses"] = dict(sorted(responses.items()))


def _complete_extension(document: dict[str, Any], extension: Extension) -> None:
    """Document that an extension refuses requests without a valid token in its own format."""
    for route in extension.router.routes:
        for operation in document["paths"].get(getattr(route, "path", ""), {}).values():
            for status in _REFUSALS:
                operation["responses"][status]["content"] = operation["responses"]["200"]["content"]
