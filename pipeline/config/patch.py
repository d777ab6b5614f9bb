"""Changing attributes of a transform of a configuration, with the checks and messages of the reader."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from typing import Any

from ..camera_config import TransformAttributes, TransformConfig
from .declarations import Config
from .nodes import Address, MappingNode, Node, Position, Problems, find, is_unknown, node_of, quoted, unusable
from .validation import Entries


def with_attributes(config: Config, camera: str, index: int, changes: Mapping[str, Any]) -> Config:
    """Return the configuration with attributes of one transform changed.

    Args:
        config: The configuration.
        camera: Name of a transform camera.
        index: Number of the transform, from 0.
        changes: Plain values as in JSON by attribute; ``None`` goes back to the default.

    Raises:
        ConfigError: The attributes would be invalid; the positions are those of the file.
        LookupError: There is no such camera or transform.
    """
    declared = config.cameras[camera]
    attributes = declared.attributes
    if not isinstance(attributes, TransformAttributes):
        raise LookupError(f"camera {quoted(camera)} has no transforms")
    if not 0 <= index < len(attributes.pipeline):
        raise LookupError(f"camera {quoted(camera)} has {len(attributes.pipeline)} transforms, from 0; got {index}")
    entry = attributes.pipeline[index]
    address, node = _declared_at(config, camera, index)
    problems = Problems(config.locations.file or str(config.path))
    given = entry.attributes.model_dump(mode="python", exclude_unset=True)
    values = {**given, **changes}
    block = node_of({"attributes": {key: value for key, value in values.items() if value is not None}}, node.position)
    for name, value in changes.items():
        if (reason := _unusable(value)) is not None:
            problems.add(node.position, (*address, "attributes", name), reason)
    if problems:
        raise problems.error()
    transform = config.tables.transforms[entry.type]

    def check(new: Any) -> Iterator[tuple[Address, str]]:
        for attribute, service, _ in transform.needs(new):
            if service not in config.services:
                what = f"no service is named {quoted(service)}"
                yield (attribute,), is_unknown(problems, what, service, config.services)

    entries = Entries(problems, config.path.absolute().parent)
    new = entries.attributes(transform.attributes_type, (address, block), check)
    if problems:
        raise problems.error()
    pipeline = list(attributes.pipeline)
    pipeline[index] = TransformConfig(type=entry.type, attributes=new)
    changed = attributes.model_copy(update={"pipeline": tuple(pipeline)})
    return dataclasses.replace(
        config, cameras={**config.cameras, camera: dataclasses.replace(declared, attributes=changed)}
    )


def _declared_at(config: Config, camera: str, index: int) -> tuple[Address, Node]:
    """Return address and node of a transform in the file."""
    inner = ("attributes", "pipeline", index)
    base, node = config.locations.items.get(("cameras", camera), ((), MappingNode(Position(1, 1), {})))
    return (*base, *inner), find(node, inner)[0]


def _unusable(value: Any) -> str | None:
    """Return why the texts in a value can never be used, as those of a file."""
    if isinstance(value, Mapping):
        return next(filter(None, map(_unusable, (*value.keys(), *value.values()))), None)
    if isinstance(value, list | tuple):
        return next(filter(None, map(_unusable, value)), None)
    return unusable(value) if isinstance(value, str) else None
