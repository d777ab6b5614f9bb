"""Reading JSON text into nodes with positions.

``json.loads`` gives no positions and silently keeps the last of two equal keys.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Mapping
from json import JSONDecodeError, JSONDecoder

from .problems import Address, ConfigError, Position, Problems, quoted
from .scalars import expanded, typed, unusable
from .tree import MappingNode, Node, ScalarNode, SequenceNode
from .yaml_reader import MAX_DEPTH, MAX_NODES

_SPACE = re.compile(r"[ \t\r\n]*")
_NUMBER = re.compile(r"-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][-+]?[0-9]+)?")
_WORD = re.compile(r"[^\s{}\[\],:\"]+")
_read_string = JSONDecoder().raw_decode
_CONSTANTS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None}


def read_json(text: str, problems: Problems, environment: Mapping[str, str]) -> Node | None:
    """Return the root node, or None for an empty file.

    Duplicate keys and unset environment variables are added to ``problems``.

    Raises:
        ConfigError: The text is not JSON, is nested too deeply, or is too large.
    """
    if not text.strip():
        return None
    return _Reader(text, problems, environment).document()


class _Reader:
    """Reads one text from start to end. Use it once."""

    def __init__(self, text: str, problems: Problems, environment: Mapping[str, str]) -> None:
        self._text = text
        self._problems = problems
        self._environment = environment
        self._line_starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
        self._at = 0
        self._count = 0

    def document(self) -> Node:
        root = self._node((), 1)
        if self._next():
            raise self._error("expected the end of the file")
        return root

    def _node(self, address: Address, depth: int) -> Node:
        character = self._next()
        position = self._position(self._at)
        self._count += 1
        if depth > MAX_DEPTH:
            raise self._problems.fatal(position, f"is nested too deep, more than {MAX_DEPTH} levels")
        if self._count > MAX_NODES:
            raise self._problems.fatal(position, f"is too large, more than {MAX_NODES} values", address)
        if character == "{":
            return self._mapping(position, address, depth)
        if character == "[":
            return self._sequence(position, address, depth)
        return self._text_node(position, address) if character == '"' else self._word(position)

    def _mapping(self, position: Position, address: Address, depth: int) -> MappingNode:
        entries: dict[str, Node] = {}
        keys: dict[str, Position] = {}
        self._at += 1
        if self._skip("}"):
            return MappingNode(position, entries, keys)
        while True:
            if self._next() != '"':
                raise self._error("expected a key in double quotes")
            at = self._position(self._at)
            name = self._string()
            if not self._skip(":"):
                raise self._error('expected ":" after the key')
            value = self._node((*address, name), depth + 1)
            if name in keys:
                message = f"duplicate key, already given on line {keys[name].line}"
                self._problems.add(at, (*address, name), message)
            else:
                entries[name], keys[name] = value, at
            if self._skip("}"):
                return MappingNode(position, entries, keys)
            if not self._skip(","):
                raise self._error(f'expected "," or "}}" in the object opened on line {position.line}')

    def _sequence(self, position: Position, address: Address, depth: int) -> SequenceNode:
        items: list[Node] = []
        self._at += 1
        if self._skip("]"):
            return SequenceNode(position, ())
        while True:
            items.append(self._node((*address, len(items)), depth + 1))
            if self._skip("]"):
                return SequenceNode(position, tuple(items))
            if not self._skip(","):
                raise self._error(f'expected "," or "]" in the list opened on line {position.line}')

    def _text_node(self, position: Position, address: Address) -> ScalarNode:
        raw = self._string()
        text = raw
        try:
            text = expanded(raw, self._environment)
        except ValueError as error:
            self._problems.add(position, address, str(error))
            return ScalarNode(position, None, text, reported=True)
        if reason := unusable(text):
            self._problems.add(position, address, reason)
            return ScalarNode(position, None, text, reported=True)
        return ScalarNode(position, text, text, coercible="${" in raw)

    def _word(self, position: Position) -> ScalarNode:
        match = _WORD.match(self._text, self._at)
        word = match[0] if match else ""
        if word in _CONSTANTS:
            self._at += len(word)
            return ScalarNode(position, _CONSTANTS[word], word)
        if _NUMBER.fullmatch(word):
            self._at += len(word)
            return ScalarNode(position, typed(word), word)
        raise self._error("expected a value")

    def _string(self) -> str:
        """Read the string at the current position and move past it."""
        text: str
        try:
            text, self._at = _read_string(self._text, self._at)
        except JSONDecodeError as error:
            if error.msg.startswith("Unterminated"):
                raise self._error("this quote is never closed", got=False) from None
            self._at = error.pos
            raise self._error(f"{error.msg[0].lower()}{error.msg[1:].removesuffix(' at')} in the text") from None
        return text

    def _next(self) -> str:
        """Skip white space and return the next character; empty at the end of the text."""
        space = _SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        return self._text[self._at : self._at + 1]

    def _skip(self, character: str) -> bool:
        """Skip the character if it comes next; return whether it was skipped."""
        if self._next() != character:
            return False
        self._at += 1
        return True

    def _error(self, message: str, *, got: bool = True) -> ConfigError:
        if got:
            word = _WORD.match(self._text, self._at)
            found = word[0] if word else self._text[self._at : self._at + 1]
            message += f", got {quoted(found)}" if found else ", got the end of the file"
        return self._problems.fatal(self._position(self._at), message)

    def _position(self, offset: int) -> Position:
        line = bisect_right(self._line_starts, offset)
        return Position(line, offset - self._line_starts[line - 1] + 1)
