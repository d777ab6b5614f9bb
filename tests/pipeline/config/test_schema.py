from __future__ import annotations

import json
from dataclasses import replace
from functools import cache
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from pydantic import create_model

from cameras import Attributes
from pipeline import ConfigError
from pipeline.config import BUILT_IN
from pipeline.config.nodes import Problems, plain, read_yaml
from pipeline.config.schema import schema
from transforms import TRANSFORMS, Transform

from .kinds import KINDS
from .test_load_errors import ROWS
from .texts import GOOD

# What a schema cannot know: files, names, duplicates, the environment, syntax, and what a validator in Python decides.
BEYOND = (
    "cycle", "itself", "does not exist", "that is not declared", "where a model", "where a vision service", "duplicate",
    "file", "variable", "placeholder", "password", "pictures by URL", "the wrong way round", "a path", "several",
    "a host", "invalid ICE", "single invalid address", "a codec twice", "no number", "not a number", "infinity",
    "with its port", "on one port", "path prefixes", "proxies", "origins",
)  # fmt: skip


@cache
def validator() -> Draft202012Validator:
    return Draft202012Validator(schema(KINDS))


def content(text: str) -> Any:
    """Give what an editor sees: placeholders are still there, and ``no`` is text."""
    problems = Problems("pipeline.yaml")
    root = read_yaml(text, problems, {name: f"${{{name}}}" for name in "PLT"})
    if problems:
        raise problems.error()
    return plain(root) if root is not None else None


def fits(text: str) -> bool:
    return validator().is_valid(content(text))


def wrong() -> list[tuple[str, str]]:
    """Return the rows of the error table that are valid YAML and wrong in a way that a schema detects."""
    found = []
    for name, text, expected in ROWS:
        if any(word in name for word in BEYOND) or "${" in text or ": " not in expected:
            continue
        try:
            content(text)
        except ConfigError:
            continue
        found.append((name, text))
    return found


def test_the_schema_is_valid_json_schema() -> None:
    Draft202012Validator.check_schema(schema())
    assert json.loads(json.dumps(schema())) == schema()


def test_a_good_configuration_fits() -> None:
    assert [error.message for error in validator().iter_errors(content(GOOD))] == []


@pytest.mark.parametrize(
    "text",
    [
        "cameras: [{name: a, model: webcam}]",
        "cameras: [{name: a, model: webcam, attributes: , style: , stream: }]\nserver:\nservices:",
        "cameras: [{name: a, model: webcam, preload: '${P}', linger_s: '${L}'}]\nserver: {port: '${P}'}",
        "cameras: [{name: a, model: ffmpeg, attributes: {url: x, transport: '${T}'}}]",
        "services: [{name: s, type: vision, model: mlmodel}]",
    ],
)
def test_schema_accepts_valid_configurations(text: str) -> None:
    assert fits(text)


@pytest.mark.parametrize(("name", "text"), wrong(), ids=[name for name, _ in wrong()])
def test_schema_rejects_invalid_configurations(name: str, text: str) -> None:
    assert not fits(text)


def words(options: Any, key: str) -> set[str]:
    found: set[str] = set()
    for option in options["oneOf"]:
        chosen = option["properties"][key]
        found |= set(chosen.get("enum") or [chosen["const"]])
    return found


def test_the_schema_has_every_kind_and_alias() -> None:
    whole = schema()
    models = {*BUILT_IN.cameras, *BUILT_IN.producers}
    cameras = whole["properties"]["cameras"]["items"]
    assert words(cameras, "model") == {
        *models,
        *(alias for alias, model in BUILT_IN.camera_aliases.items() if model in models),
    }
    transform = next(o for o in cameras["oneOf"] if o["title"] == "transform")
    pipeline = transform["properties"]["attributes"]["properties"]["pipeline"]["items"]
    assert words(pipeline, "type") == {*TRANSFORMS, *BUILT_IN.transform_aliases}


def test_every_key_has_a_description() -> None:
    def silent(found: Any, path: str) -> list[str]:
        if isinstance(found, list):
            return [name for index, item in enumerate(found) for name in silent(item, f"{path}[{index}]")]
        if not isinstance(found, dict):
            return []
        properties = found.get("properties")
        own = (
            [f"{path}.{name}" for name, item in properties.items() if not item.get("description") and name != "type"]
            if isinstance(properties, dict)
            else []
        )
        return own + [name for key, item in found.items() for name in silent(item, f"{path}/{key}")]

    whole = schema()
    assert silent({"properties": whole["properties"], "$defs": whole["$defs"]}, "") == []


def test_classes_of_the_same_name_have_a_definition_each() -> None:
    def of_type(name: str, annotation: Any) -> type[Transform[Any]]:
        spot = create_model("Spot", x=(annotation, 0))
        attributes = create_model("SpotAttributes", __base__=Attributes, spot=(spot | None, None))
        return type("Spots", (TRANSFORMS["identity"],), {"type_name": name, "attributes_type": attributes})

    kinds = {"one": of_type("one", int), "two": of_type("two", str), "three": of_type("three", int)}
    found = schema(replace(BUILT_IN, transforms=kinds))
    validator = Draft202012Validator(found)
    validator.check_schema(found)

    def text(type_name: str, x: object) -> Any:
        pipeline = [{"type": type_name, "attributes": {"spot": {"x": x}}}]
        return {"cameras": [{"name": "a", "model": "transform", "attributes": {"source": "b", "pipeline": pipeline}}]}

    accepted = [(name, x) for name in kinds for x in (1, "a") if validator.is_valid(text(name, x))]
    assert accepted == [("one", 1), ("two", "a"), ("three", 1)]
    assert sorted(name for name in found["$defs"] if name.startswith("Spot")) == ["Spot", "Spot2"]
