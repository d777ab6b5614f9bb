"""The configuration as JSON Schema, for editors: they complete keys, show what each does and mark what is wrong."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import BaseModel

from .declarations import (
    BUILT_IN,
    TRANSFORM,
    CameraBlock,
    ServerConfig,
    ServiceBlock,
    Tables,
    TransformBlock,
    TransformCameraBlock,
)

Json = dict[str, Any]

_PLACEHOLDER: Json = {"type": "string", "pattern": r"\$\{[A-Za-z_]"}
_TYPES_OF_PLAIN_VALUES = frozenset({"integer", "number", "boolean"})


def schema(tables: Tables = BUILT_IN) -> Json:
    """Give the JSON Schema (draft 2020-12) of a configuration.

    Where a number or a word of a list stands, ``${NAME}`` may stand too.
    """
    definitions: Json = {}
    cameras = _options(_cameras(tables, definitions), CameraBlock, "model", definitions)
    services = _options(_services(tables, definitions), ServiceBlock, "model", definitions)
    server = _block(ServerConfig, definitions)
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "camweave",
        "description": "Cameras, chains of transforms, the models they use, and where to serve them.",
        "type": "object",
        "properties": {
            "cameras": {"type": "array", "items": cameras, "description": "Where frames come from."},
            "services": _or_nothing({"type": "array", "items": services, "description": "What recognises things."}),
            "server": _or_nothing(server),
        },
        "anyOf": [
            {"required": ["cameras"], "properties": {"cameras": {"minItems": 1}}},
            {"required": ["services"], "properties": {"services": {"type": "array", "minItems": 1}}},
        ],
        "additionalProperties": False,
        "$defs": definitions,
    }


Option = tuple[list[str], Json, Json]
"""The words that choose it, the schema of its ``attributes``, and what else it fixes."""


def _cameras(tables: Tables, definitions: Json) -> Iterator[Option]:
    for model, camera in tables.cameras.items():
        words = [model, *(alias for alias, name in tables.camera_aliases.items() if name == model)]
        yield words, _block(camera.attributes_type, definitions), {}
    transforms = _options(_transforms(tables, definitions), TransformBlock, "type", definitions)
    attributes = _block(TransformCameraBlock, definitions)
    attributes["properties"]["pipeline"]["items"] = transforms
    words = [TRANSFORM, *(alias for alias, name in tables.camera_aliases.items() if name == TRANSFORM)]
    yield words, attributes, {}


def _transforms(tables: Tables, definitions: Json) -> Iterator[Option]:
    for name, transform in tables.transforms.items():
        words = [name, *(alias for alias, original in tables.transform_aliases.items() if original == name)]
        yield words, _block(transform.attributes_type, definitions), {}


def _services(tables: Tables, definitions: Json) -> Iterator[Option]:
    kinds: tuple[tuple[str, Mapping[str, Any]], ...] = (("vision", tables.vision), ("mlmodel", tables.runtimes))
    for word, table in kinds:
        for model, kind in table.items():
            yield [model], _block(kind.attributes_type, definitions), {"type": {"const": word}}


def _options(options: Iterator[Option], block: type[BaseModel], key: str, definitions: Json) -> Json:
    """Give a schema for blocks whose ``attributes`` depend on one of their keys."""
    outer = _block(block, definitions)
    branches = []
    for words, attributes, fixed in options:
        chosen = {"const": words[0]} if len(words) == 1 else {"enum": words}
        properties = {**outer["properties"], key: {**chosen, "description": outer["properties"][key]["description"]}}
        properties |= {"attributes": attributes if attributes.get("required") else _or_nothing(attributes), **fixed}
        required = [*outer["required"], *(["attributes"] if attributes.get("required") else [])]
        branches.append({**outer, "title": words[0], "properties": properties, "required": required})
    return {"oneOf": branches}


def _block(model: type[BaseModel], definitions: Json) -> Json:
    """Give the schema of a model; what it refers to goes into ``definitions``."""
    found = model.model_json_schema()
    for name, definition in found.pop("$defs", {}).items():
        definitions[name] = _opened(definition)
    opened: Json = _opened(found)
    for name, prop in opened.get("properties", {}).items():
        if name in ("stream", "style", "ice"):
            opened["properties"][name] = _or_nothing(prop)
    return opened


def _or_nothing(found: Json) -> Json:
    """Allow a block to be left empty."""
    return {
        "anyOf": [found, {"type": "null"}],
        **({"description": found["description"]} if "description" in found else {}),
    }


def _opened(found: Json) -> Json:
    """Let a placeholder stand wherever a plain value is wanted that is not any text, and drop titles nobody reads."""
    opened = {key: value for key, value in found.items() if key != "title"}
    for key in ("properties", "patternProperties"):
        if key in opened:
            opened[key] = {name: _opened(value) for name, value in opened[key].items()}
    for key in ("items", "additionalProperties"):
        if isinstance(opened.get(key), dict):
            opened[key] = _opened(opened[key])
    for key in ("anyOf", "oneOf", "allOf", "prefixItems"):
        if key in opened:
            opened[key] = [_opened(value) for value in opened[key]]
    if opened.get("type") in _TYPES_OF_PLAIN_VALUES or "enum" in opened or "const" in opened:
        about: Json = {key: opened.pop(key) for key in ("description", "default") if key in opened}
        return {**about, "anyOf": [opened, _PLACEHOLDER]}
    return opened
