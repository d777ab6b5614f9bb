"""The JSON Schema of a configuration, with which editors complete and explain keys and mark errors."""

from __future__ import annotations

import inspect
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from ..camera_config import TransformAttributes
from .declarations import (
    BUILT_IN,
    MODEL,
    VISION,
    CameraBlock,
    ServerConfig,
    ServiceBlock,
    Tables,
    TransformBlock,
    TransformCameraBlock,
)

Json = dict[str, Any]

_PLACEHOLDER: Json = {"type": "string", "pattern": r"\$\{[A-Za-z_]"}
_PLUGINS: Json = {
    "type": "array",
    "items": {"type": "string", "pattern": r"\.py$|\$\{"},
    "description": "Python files with kinds of your own, beside this file or in a folder below.",
}
_TYPES_OF_PLAIN_VALUES = frozenset({"integer", "number", "boolean"})


def schema(tables: Tables = BUILT_IN) -> Json:
    """Return the JSON Schema (draft 2020-12) of a configuration.

    Numbers, booleans and enumerated words may also be ``${NAME}``.
    """
    definitions: Json = {}
    cameras = _options(_cameras(tables, definitions), CameraBlock, "model", definitions)
    services = _options(_services(tables, definitions), ServiceBlock, "model", definitions)
    server = _block(ServerConfig, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "camweave",
        "description": "Cameras, chains of transforms, their models, and the server.",
        "type": "object",
        "properties": {
            "cameras": {"type": "array", "items": cameras, "description": "Where frames come from."},
            "services": _or_null({"type": "array", "items": services, "description": "Vision services and models."}),
            "server": _or_null(server),
            "plugins": _or_null(_PLUGINS),
        },
        "anyOf": [
            {"required": ["cameras"], "properties": {"cameras": {"minItems": 1}}},
            {"required": ["services"], "properties": {"services": {"type": "array", "minItems": 1}}},
        ],
        "additionalProperties": False,
        "$defs": definitions,
    }


Option = tuple[list[str], type[Any], Json, Json]
"""The names of a kind, its class, the schema of its ``attributes``, and further properties with a fixed value."""


def _cameras(tables: Tables, definitions: Json) -> Iterator[Option]:
    kinds: dict[str, type[Any]] = {**tables.cameras, **tables.producers}
    for model, attributes in tables.camera_models.items():
        words = [model, *(alias for alias, name in tables.camera_aliases.items() if name == model)]
        if attributes is TransformAttributes:
            yield words, kinds[model], _transform_camera(tables, definitions), {}
        else:
            yield words, kinds[model], _block(attributes, definitions), {}


def _transform_camera(tables: Tables, definitions: Json) -> Json:
    transforms = _options(_transforms(tables, definitions), TransformBlock, "type", definitions)
    attributes = _block(TransformCameraBlock, definitions)
    attributes["properties"]["pipeline"]["items"] = transforms
    return attributes


def _transforms(tables: Tables, definitions: Json) -> Iterator[Option]:
    for name, transform in tables.transforms.items():
        words = [name, *(alias for alias, original in tables.transform_aliases.items() if original == name)]
        yield words, transform, _block(transform.attributes_type, definitions), {}


def _services(tables: Tables, definitions: Json) -> Iterator[Option]:
    kinds: tuple[tuple[str, Mapping[str, Any]], ...] = ((VISION, tables.vision), (MODEL, tables.runtimes))
    for word, table in kinds:
        for model, kind in table.items():
            yield [model], kind, _block(kind.attributes_type, definitions), {"type": {"const": word}}


def _options(options: Iterator[Option], block: type[BaseModel], key: str, definitions: Json) -> Json:
    """Return a schema for a block whose ``attributes`` depend on the value of one of its keys."""
    outer = _block(block, definitions)
    branches = []
    for words, kind, attributes, fixed in options:
        chosen = {"const": words[0]} if len(words) == 1 else {"enum": words}
        properties = {**outer["properties"], key: {**chosen, "description": outer["properties"][key]["description"]}}
        properties |= {"attributes": attributes if attributes.get("required") else _or_null(attributes), **fixed}
        required = [*outer["required"], *(["attributes"] if attributes.get("required") else [])]
        about = {"title": words[0], "description": _about(kind) or outer["description"]}
        branches.append({**outer, **about, "properties": properties, "required": required})
    return {"oneOf": branches}


def _about(kind: type[Any]) -> str:
    """Return the first paragraph of the docstring of a kind as one line; empty if it has none of its own."""
    first, *_ = inspect.cleandoc(kind.__doc__ or "").split("\n\n")
    return " ".join(first.split())


def _block(model: type[BaseModel], definitions: Json) -> Json:
    """Return the schema of a model, and add the definitions that it refers to to ``definitions``."""
    found = model.model_json_schema()
    own = {name: _with_placeholders(definition) for name, definition in found.pop("$defs", {}).items()}
    # Classes of different plugins may share a name.
    renamed = {name: _free_name(name, own[name], definitions) for name in own}
    for name, definition in own.items():
        definitions[renamed[name]] = _with_references(definition, renamed)
    allowed: Json = _with_references(_with_placeholders(found), renamed)
    for name, prop in allowed.get("properties", {}).items():
        if name in ("stream", "style", "ice"):
            allowed["properties"][name] = _or_null(prop)
    return allowed


def _free_name(name: str, definition: Json, definitions: Json) -> str:
    """Return a name for a definition that no other definition has."""
    free, number = name, 1
    while definitions.get(free, definition) != definition:
        number += 1
        free = f"{name}{number}"
    return free


def _with_references(found: Any, renamed: Mapping[str, str]) -> Any:
    """Return a schema with its references renamed."""
    if isinstance(found, dict):
        changed = {key: _with_references(value, renamed) for key, value in found.items()}
        reference = changed.get("$ref")
        if isinstance(reference, str):
            prefix, _, name = reference.rpartition("/")
            changed["$ref"] = f"{prefix}/{renamed.get(name, name)}"
        return changed
    return [_with_references(value, renamed) for value in found] if isinstance(found, list) else found


def _or_null(found: Json) -> Json:
    """Return a schema that also accepts null, for a block that can be left empty."""
    return {
        "anyOf": [found, {"type": "null"}],
        **({"description": found["description"]} if "description" in found else {}),
    }


def _with_placeholders(found: Json) -> Json:
    """Return a schema that accepts placeholders for numbers, booleans and enumerated words, without titles."""
    allowed = {key: value for key, value in found.items() if key != "title"}
    for key in ("properties", "patternProperties"):
        if key in allowed:
            allowed[key] = {name: _with_placeholders(value) for name, value in allowed[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(allowed.get(key), dict):
            allowed[key] = _with_placeholders(allowed[key])
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        if key in allowed:
            allowed[key] = [_with_placeholders(value) for value in allowed[key]]
    if allowed.get("type") in _TYPES_OF_PLAIN_VALUES or "enum" in allowed or "const" in allowed:
        about: Json = {key: allowed.pop(key) for key in ("description", "default") if key in allowed}
        return {**about, "anyOf": [allowed, _PLACEHOLDER]}
    return allowed
