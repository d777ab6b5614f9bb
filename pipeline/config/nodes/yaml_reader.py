"""Reading YAML text into nodes with positions.

PyYAML's parser (libyaml where available) provides the events. This module builds the tree, because PyYAML's composer
crashes the process on a file that is nested deeply enough, follows YAML 1.1 (``no`` is false, ``12:30`` a number), and
drops what error messages need: where an alias is and how much it expands to, which keys have anchors, and whether a
value has an explicit tag.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

import yaml

from .problems import Address, ConfigError, Position, Problems, quoted
from .scalars import expanded, shielded, typed, unshielded, unusable
from .tree import MappingNode, Node, ScalarNode, SequenceNode, shown
from .yaml_errors import explained

LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)

MAX_DEPTH = 40
MAX_NODES = 100_000  # a camera needs about 30

# All characters that are not printable by YAML 1.2's definition.
FORBIDDEN = re.compile("[^\t\n\r\x20-\x7e\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def read_yaml(text: str, problems: Problems, environment: Mapping[str, str]) -> Node | None:
    """Return the root node, or None for an empty file.

    Duplicate keys, tags and unset environment variables are added to ``problems``.

    Raises:
        ConfigError: The text is not YAML, has more than one document, is nested too deeply or, with its aliases
            expanded, is too large.
    """
    if forbidden := FORBIDDEN.search(text):
        line = text.count("\n", 0, forbidden.start()) + 1
        column = forbidden.start() - (text.rfind("\n", 0, forbidden.start()) + 1) + 1
        code = f"U+{ord(forbidden[0]):04X}"
        raise problems.fatal(Position(line, column), f"the character {code} is not allowed in YAML")
    try:
        return _Builder(text, problems, environment).document()
    except yaml.MarkedYAMLError as error:
        position, message = explained(error, text)
        raise problems.fatal(position, message) from None
    except yaml.YAMLError as error:  # raised by the reader, without a mark; the characters were checked above
        raise problems.fatal(None, f"is not YAML: {error}") from None


class _Builder:
    """Builds the tree from the parser's events. Use it once."""

    def __init__(self, text: str, problems: Problems, environment: Mapping[str, str]) -> None:
        text, self._shielded = shielded(text)
        self._events: Iterator[Any] = iter(yaml.parse(text, Loader=LOADER))
        self._problems = problems
        self._environment = environment
        self._anchors: dict[str, tuple[Node, int] | None] = {}
        self._count = 0

    def document(self) -> Node | None:
        next(self._events)  # the stream's start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        root = self._node(next(self._events), (), 1)
        next(self._events)  # the document's end
        after = next(self._events)
        if not isinstance(after, yaml.StreamEndEvent):
            raise self._fatal(after, (), "a second document begins here; a configuration is one document")
        return root

    def _node(self, event: Any, address: Address, depth: int) -> Node:
        if isinstance(event, yaml.AliasEvent):
            return self._alias(event, address)
        before = self._count
        self._grow(event, address, 1)
        if depth > MAX_DEPTH:
            raise self._fatal(event, (), f"is nested too deep, more than {MAX_DEPTH} levels")
        if event.anchor is not None:
            self._anchors[event.anchor] = None
        node: Node
        if isinstance(event, yaml.ScalarEvent):
            node = self._scalar(event, address)
        elif isinstance(event, yaml.SequenceStartEvent):
            node = self._sequence(event, address, depth)
        else:
            node = self._mapping(event, address, depth)
        if event.tag is not None:
            self._problems.add(node.position, address, f"tags are not supported, got {quoted(event.tag)}")
            if isinstance(node, ScalarNode):
                node = replace(node, reported=True)
        if event.anchor is not None:
            self._anchors[event.anchor] = (node, self._count - before)
        return node

    def _alias(self, event: Any, address: Address) -> Node:
        if event.anchor not in self._anchors:
            raise self._fatal(event, address, f"the alias *{event.anchor} has no anchor &{event.anchor} before it")
        anchored = self._anchors[event.anchor]
        if anchored is None:
            raise self._fatal(event, address, f"the alias *{event.anchor} is inside its own anchor")
        node, size = anchored
        self._grow(event, address, size)
        return node

    def _scalar(self, event: Any, address: Address) -> ScalarNode:
        position = _position(event)
        text = unshielded(event.value) if self._shielded else event.value
        try:
            text = expanded(text, self._environment)
        except ValueError as error:
            self._problems.add(position, address, str(error))
            return ScalarNode(position, None, text, reported=True)
        if reason := unusable(text):
            self._problems.add(position, address, reason)
            return ScalarNode(position, None, text, reported=True)
        return ScalarNode(position, typed(text) if event.implicit[0] else text, text)

    def _sequence(self, event: Any, address: Address, depth: int) -> SequenceNode:
        items: list[Node] = []
        while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
            items.append(self._node(item, (*address, len(items)), depth + 1))
        return SequenceNode(_position(event), tuple(items))

    def _mapping(self, event: Any, address: Address, depth: int) -> MappingNode:
        entries: dict[str, Node] = {}
        keys: dict[str, Position] = {}
        merged: list[MappingNode] = []
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            name = self._key(key, address)
            position = _position(key)
            is_merge = name == "<<" and key.implicit[0]
            value = self._node(next(self._events), address if is_merge else (*address, name), depth + 1)
            if is_merge:
                merged += self._merged(value, position, address)
            elif name in keys:
                message = f"duplicate key, already given on line {keys[name].line}"
                self._problems.add(position, (*address, name), message)
            else:
                entries[name], keys[name] = value, position
        for mapping in merged:
            for name, value in mapping.entries.items():
                if name not in entries:
                    entries[name], keys[name] = value, mapping.keys[name]
        return MappingNode(_position(event), entries, keys)

    def _key(self, event: Any, address: Address) -> str:
        if isinstance(event, yaml.AliasEvent) or not isinstance(event, yaml.ScalarEvent):
            raise self._fatal(event, address, "a key must be text")
        self._grow(event, address, 1)
        if event.tag is not None:
            self._problems.add(_position(event), address, f"tags are not supported, got {quoted(event.tag)}")
        if event.anchor is not None:
            raise self._fatal(event, address, "a key cannot have an anchor")
        key: str = unshielded(event.value) if self._shielded else event.value
        if not key:
            raise self._fatal(event, address, "a key must not be empty")
        return key

    def _merged(self, value: Node, position: Position, address: Address) -> Iterator[MappingNode]:
        """Yield the mappings that a ``<<`` key merges, those whose keys take precedence first."""
        for node in value.items if isinstance(value, SequenceNode) else (value,):
            if isinstance(node, MappingNode):
                yield node
            else:
                self._problems.add(position, (*address, "<<"), f"must be a mapping, got {shown(node)}")

    def _grow(self, event: Any, address: Address, size: int) -> None:
        self._count += size
        if self._count > MAX_NODES:
            raise self._fatal(event, address, f"is too large, more than {MAX_NODES} values with all aliases expanded")

    def _fatal(self, event: Any, address: Address, message: str) -> ConfigError:
        return self._problems.fatal(_position(event), message, address)


def _position(event: Any) -> Position:
    return Position(event.start_mark.line + 1, event.start_mark.column + 1)
