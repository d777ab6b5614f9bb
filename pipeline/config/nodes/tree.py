"""A parsed file as a tree of values that know their place; what both the YAML and the JSON reader give."""

from __future__ import annotations

import math
from collections import abc
from dataclasses import dataclass, field, replace
from typing import Any

from .problems import Address, Position, quoted


class Unusable:
    """Stands for a value that is no value of any type, so that every check for a type refuses it."""


@dataclass(frozen=True, slots=True)
class ScalarNode:
    """A single value.

    Attributes:
        position: Where it stands.
        value: None, a bool, int, float or str.
        text: As it was written, after the environment was put in.
        reported: Its problem has been noted already, so no further one shall be.
        pliant: A text that may be meant as a number or the like: JSON has no other way to write a placeholder.
    """

    position: Position
    value: None | bool | int | float | str
    text: str
    reported: bool = False
    pliant: bool = False


@dataclass(frozen=True, slots=True)
class SequenceNode:
    """A list of nodes."""

    position: Position
    items: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class MappingNode:
    """Keys, each with its own place, and their nodes."""

    position: Position
    entries: abc.Mapping[str, Node]
    keys: abc.Mapping[str, Position] = field(default_factory=dict)

    def without(self, *names: str) -> MappingNode:
        """Give the same mapping with fewer keys."""
        return MappingNode(self.position, {k: v for k, v in self.entries.items() if k not in names}, self.keys)


Node = ScalarNode | SequenceNode | MappingNode


def is_empty(node: Node | None) -> bool:
    """Whether nothing was written: no node, or one that is null."""
    return node is None or (isinstance(node, ScalarNode) and node.value is None and not node.reported)


def text_of(node: Node | None) -> str | None:
    """Give the text of a node that is one."""
    return node.value if isinstance(node, ScalarNode) and isinstance(node.value, str) and not node.reported else None


def plain(node: Node) -> Any:
    """Give the node as dict, list and plain values; numbers that are not finite become :class:`Unusable`."""
    if isinstance(node, MappingNode):
        return {key: plain(value) for key, value in node.entries.items()}
    if isinstance(node, SequenceNode):
        return [plain(item) for item in node.items]
    if node.reported or (isinstance(node.value, float) and not math.isfinite(node.value)):
        return Unusable()
    return node.value


def find(node: Node, address: Address) -> tuple[Node, Address]:
    """Follow an address as far as it goes; gives the last node and the address of it.

    Steps that lead nowhere are left out: pydantic puts the names of its own alternatives between the real ones.
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
    """Give the same tree with another node at an address that is in it."""
    if not address:
        return new
    step, rest = address[0], address[1:]
    if isinstance(node, MappingNode) and isinstance(step, str):
        return replace(node, entries={**node.entries, step: replaced(node.entries[step], rest, new)})
    assert isinstance(node, SequenceNode) and isinstance(step, int)
    items = node.items
    return replace(node, items=(*items[:step], replaced(items[step], rest, new), *items[step + 1 :]))


def kind_of(node: Node) -> str:
    """Name what a node is, for messages."""
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
    """Show what was got, for messages: ``1.5``, ``"half"``, ``a list``, ``nothing``."""
    if not isinstance(node, ScalarNode):
        return kind_of(node)
    if isinstance(node.value, str):
        return quoted(node.text)
    return quoted(node.text)[1:-1] if node.text else "nothing"
