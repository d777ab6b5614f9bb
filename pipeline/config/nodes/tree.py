"""The tree of nodes with positions that the YAML and JSON readers return."""

from __future__ import annotations

import json
import math
from collections import abc
from dataclasses import dataclass, field, replace
from typing import Any

from .problems import Address, Position, quoted


class Unusable:
    """A value that every type check refuses."""


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A single value.

    Attributes:
        position: Where it begins in the file.
        value: None, a bool, int, float or str.
        text: The text in the file, with environment variables expanded.
        reported: A problem of it has been reported; further ones are not reported.
        coercible: Whether the text may become a number, a boolean or null where one is wanted: true for a JSON string
            with a placeholder, because JSON allows placeholders only in strings.
    """

    position: Position
    value: None | bool | int | float | str
    text: str
    reported: bool = False
    coercible: bool = False


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list of nodes."""

    position: Position
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class MappingNode:
    """Keys with their positions, and the nodes under them."""

    position: Position
    entries: abc.Mapping[str, Node]
    keys: abc.Mapping[str, Position] = field(default_factory=dict)

    def without(self, *names: str) -> MappingNode:
        """Return the mapping without some of its keys."""
        return MappingNode(self.position, {k: v for k, v in self.entries.items() if k not in names}, self.keys)


Node = ScalarNode | SequenceNode | MappingNode


def node_of(value: Any, position: Position) -> Node:
    """Return a value as a node: one of JSON, or a path. All its parts get the same position."""
    if isinstance(value, abc.Mapping):
        entries = {str(key): node_of(inner, position) for key, inner in value.items()}
        return MappingNode(position, entries, dict.fromkeys(entries, position))
    if isinstance(value, list | tuple):
        return SequenceNode(position, tuple(node_of(item, position) for item in value))
    is_json = value is None or isinstance(value, bool | int | float)
    return ScalarNode(position, value, json.dumps(value) if is_json else str(value))


def is_empty(node: Node | None) -> bool:
    """Return whether a value is missing or null."""
    return node is None or (isinstance(node, ScalarNode) and node.value is None and not node.reported)


def text_of(node: Node | None) -> str | None:
    """Return the text of a node; None when the node is not a text."""
    return node.value if isinstance(node, ScalarNode) and isinstance(node.value, str) and not node.reported else None


def plain(node: Node) -> Any:
    """Return the node as dicts, lists and plain values; numbers that are not finite become :class:`Unusable`."""
    if isinstance(node, MappingNode):
        return {key: plain(value) for key, value in node.entries.items()}
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.items]
    if node.reported or (isinstance(node.value, float) and not math.isfinite(node.value)):
        return Unusable()
    return node.value


def find(node: Node, address: Address) -> tuple[Node, Address]:
    """Follow an address as far as it goes; return the last node and its address.

    Steps that match nothing are skipped: pydantic puts names of union members between the real steps.
    """
    real: list[str | int] = []
    for step in address:
        if isinstance(node, MappingNode) and isinstance(step, str) and step in node.entries:
            node = node.entries[step]
        elif isinstance(node, SequenceNode) and isinstance(step, int) and step < len(node.items):
            node = node.items[step]
        else:
            continue
        real.append(step)
    return node, tuple(real)


def replaced(node: Node, address: Address, new: Node) -> Node:
    """Return the tree with the node at an existing address replaced."""
    if not address:
        return new
    step, rest = address[0], address[1:]
    if isinstance(node, MappingNode) and isinstance(step, str):
        return replace(node, entries={**node.entries, step: replaced(node.entries[step], rest, new)})
    assert isinstance(node, SequenceNode) and isinstance(step, int)
    items = node.items
    return replace(node, items=(*items[:step], replaced(items[step], rest, new), *items[step + 1 :]))


def kind_of(node: Node) -> str:
    """Return the type of a node, for messages."""
    if isinstance(node, MappingNode):
        return "a mapping"
    if isinstance(node, SequenceNode):
        return "a list"
    if isinstance(node.value, str):
        return "text"
    if isinstance(node.value, bool):
        return "true or false"
    return "a number" if isinstance(node.value, int | float) else "nothing"


def shown(node: Node) -> str:
    """Return a node as messages show it: ``1.5``, ``"half"``, ``a list``, ``nothing``."""
    if not isinstance(node, ScalarNode):
        return kind_of(node)
    if isinstance(node.value, str):
        return quoted(node.text)
    return quoted(node.text)[1:-1] if node.text else "nothing"
