"""Reading entries of ``cameras:``, ``services:`` and ``pipeline:``: the kind, then the attributes of that kind."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any, TypeVar

from cameras import Attributes

from ..nodes import (
    Address,
    MappingNode,
    Node,
    Position,
    Problems,
    ScalarNode,
    SequenceNode,
    find,
    is_empty,
    kind_of,
    quoted,
    text_of,
)
from .messages import not_one_of
from .validate import partial_instance, validated

B = TypeVar("B", bound=Attributes)

Item = tuple[Address, Node]
"""The address of an entry in the file and its node."""

Check = Callable[[Any], Iterable[tuple[Address, str]]]
"""Takes valid attributes and yields (address inside them, message) for each error in their context."""

_SECTIONS = ("attributes", "stream", "style")  # blocks that may be left empty: `attributes:` with nothing under it
_OUTER_KEYS = frozenset({"name", "model", "type", *_SECTIONS})


class Entries:
    """Reads entries of one file."""

    def __init__(self, problems: Problems, folder: Path) -> None:
        self.problems = problems
        self.folder = folder

    def block(self, model: type[B], item: Item, kind: type[Attributes] | None = None) -> B | None:
        """Return the entry as a block of any kind; None, with problems reported, when it is invalid.

        Args:
            model: The type of the block.
            item: The entry.
            kind: The attributes type of its kind, if known. When one of its keys is one level too high, the message
                says where the key belongs.
        """
        address, node = item
        if isinstance(node, MappingNode):
            node = node.without(*(key for key in _SECTIONS if key in node.entries and is_empty(node.entries[key])))
        below = [key for key in (kind.model_fields if kind is not None else ()) if key not in _OUTER_KEYS]
        hints = dict.fromkeys(below, 'unknown key here, it belongs under "attributes"')
        return validated(model, node, address, self.problems, self.folder, hints)

    def kind(
        self,
        item: Item,
        key: str,
        table: Mapping[str, Any],
        aliases: Mapping[str, str] | None = None,
        refused: Mapping[str, str] | None = None,
    ) -> str | None:
        """Return the key of the table that a ``model`` or ``type`` names; None, with a problem reported, if unknown.

        Args:
            item: The entry.
            key: ``model`` or ``type``.
            table: The kinds by their names.
            aliases: Other names of them.
            refused: Error message by name, for kinds that cannot be used; they may be in the table.
        """
        address, node = item
        name = text_at(node, key)
        if name is None:
            return None  # missing or not a text: reported with the block
        found = find(node, (key,))[0]
        if refused and name in refused:
            self.problems.add(found.position, (*address, key), refused[name])
            return None
        word = (aliases or {}).get(name, name)
        if word in table:
            return word
        self.problems.add(found.position, (*address, key), not_one_of(self.problems, key, found, table, aliases or ()))
        return None

    def attributes(self, model: type[Attributes], item: Item, check: Check | None = None) -> Any:
        """Return the typed ``attributes`` of an entry; None, with problems reported, when they are invalid.

        Args:
            model: Their type.
            item: The entry.
            check: Finds further errors, after ``Attributes.check``.
        """
        address, node = item
        inner, child = (*address, "attributes"), section(node, "attributes")
        if not isinstance(child, MappingNode):
            return None  # reported with the block
        attributes = validated(model, child, inner, self.problems, self.folder)
        # The valid keys of an invalid block are checked too, to report all problems at once.
        whole, rest = (attributes, child) if attributes is not None else partial_instance(model, child, self.folder)
        if whole is not None:
            self.check(whole.check, inner, rest, child)
            if check is not None:
                self.check(partial(check, whole), inner, rest, child)
        return attributes

    def check(
        self, find_errors: Callable[[], Iterable[tuple[Address, str]]], address: Address, node: Node, whole: Node
    ) -> None:
        """Report errors of valid values in their context, such as files that do not exist.

        Args:
            find_errors: Yields (address inside the values, message).
            address: The address of the values.
            node: The values that are checked.
            whole: The same values, including the invalid ones.
        """
        try:
            for inner, message in find_errors():
                found, real = find(node, inner)
                if real or node is whole:  # otherwise it is about the default of an invalid value
                    self.problems.add(found.position, (*address, *inner), message)
        except Exception as error:  # such as a path that is too long; a plugin can raise anything
            known = isinstance(error, OSError | ValueError)
            reason = getattr(error, "strerror", None) or f"{'' if known else f'{type(error).__name__}: '}{error}"
            self.problems.add(node.position, address, f"cannot be checked: {reason}")

    def unique(self, items: Sequence[Item]) -> None:
        """Report every duplicate name."""
        first: dict[str, Position] = {}
        for name, (address, node) in named(items):
            position = find(node, ("name",))[0].position
            if name in first:
                message = f"duplicate name {quoted(name)}, already given on line {first[name].line}"
                self.problems.add(position, (*address, "name"), message)
            else:
                first[name] = position

    def items(self, root: MappingNode, key: str) -> list[Item]:
        """Return the entries of a list in the root; an empty list when it is missing."""
        node = root.entries.get(key)
        if isinstance(node, SequenceNode):
            return [((key, index), item) for index, item in enumerate(node.items)]
        if node is not None and not is_empty(node) and not (isinstance(node, ScalarNode) and node.reported):
            self.problems.add(node.position, (key,), f"must be a list, got {kind_of(node)}")
        return []


def named(items: Iterable[Item]) -> Iterator[tuple[str, Item]]:
    """Yield the name and the entry of each entry that has a name."""
    for address, node in items:
        if (name := text_at(node, "name")) is not None:
            yield name, (address, node)


def text_at(node: Node, key: str) -> str | None:
    """Return the text under a key; None without one."""
    return text_of(node.entries.get(key)) if isinstance(node, MappingNode) else None


def section(node: Node, key: str) -> Node:
    """Return a block under a key; an empty one at its parent's position when it is missing."""
    child = node.entries.get(key) if isinstance(node, MappingNode) else None
    if child is None or is_empty(child):
        return MappingNode(child.position if child is not None else node.position, {})
    return child
