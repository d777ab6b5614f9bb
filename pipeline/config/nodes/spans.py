"""Where each value of a YAML or JSON text stands, for changing the text in place.

The nodes of ``tree.py`` say what a text means: aliases and merge keys are resolved, environment variables expanded.
Spans keep the text as it was written.
"""

from __future__ import annotations

import json
import re
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, TypedDict

import yaml

from .json_reader import read_json
from .problems import Problems
from .scalars import shielded, typed, unshielded
from .yaml_reader import LOADER, read_yaml


class _Place(TypedDict):
    start: int
    end: int
    line: int
    column: int


@dataclass(slots=True, kw_only=True)
class _Span:
    """A part of the text.

    Attributes:
        start: Index of its first character, after an anchor.
        end: Index after its last character; of a list or mapping without brackets, after its last value.
        line: The line of its start, from 1.
        column: How many characters stand before it in this line.
        aliased_on: The line of the first alias for it; 0 without one.
    """

    start: int
    end: int
    line: int
    column: int
    aliased_on: int = 0


@dataclass(slots=True, kw_only=True)
class ScalarSpan(_Span):
    """A single value.

    Attributes:
        text: Its text without quotes and escapes, with placeholders such as ``${NAME}``.
        quote: ``'`` or ``"``, ``|`` or ``>`` for a block of lines, empty for a value without quotes.
        after: Index where the next value can begin: after the last line of a block of lines, otherwise ``end``.
    """

    text: str
    quote: str
    after: int

    @property
    def value(self) -> None | bool | int | float | str:
        """Its typed value, with placeholders."""
        return self.text if self.quote else typed(self.text)


@dataclass(slots=True, kw_only=True)
class ListSpan(_Span):
    """A list; ``flow`` tells whether it stands in brackets."""

    flow: bool
    items: list[Span] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class MappingSpan(_Span):
    """A mapping; ``flow`` tells whether it stands in braces. A merge key ``<<`` is an entry like any other."""

    flow: bool
    entries: list[tuple[ScalarSpan, Span]] = field(default_factory=list)


@dataclass(slots=True, kw_only=True)
class AliasSpan(_Span):
    """``*name``, which stands for another span."""

    target: Span


Span = ScalarSpan | ListSpan | MappingSpan | AliasSpan


def read_spans(text: str, *, is_json: bool = False) -> Span | None:
    """Return the span of the root, or None for an empty text.

    Args:
        text: The text, without a byte order mark.
        is_json: Whether it is JSON instead of YAML.

    Raises:
        ConfigError: It cannot be read.
    """
    # First what everybody else reads it with: it refuses what is not correct, nested too deep or too large.
    if is_json:
        return _JsonSpans(text).node() if read_json(text, Problems(""), {}) is not None else None
    return _YamlSpans(text).document() if read_yaml(text, Problems(""), {}) is not None else None


class _YamlSpans:
    """Builds the spans from the parser's events. Use it once."""

    _PROPERTIES = re.compile(r"(?:[&!][^\s]*\s+)*")

    def __init__(self, text: str) -> None:
        self._text = text
        parsed, self._shielded = shielded(text)
        self._events: Iterator[Any] = iter(yaml.parse(parsed, Loader=LOADER))
        self._anchors: dict[str, Span] = {}

    def document(self) -> Span | None:
        next(self._events)  # the stream's start
        if isinstance(next(self._events), yaml.StreamEndEvent):
            return None
        return self._node(next(self._events))

    def _node(self, event: Any) -> Span:
        anchor, end = event.anchor, event.end_mark.index
        if isinstance(event, yaml.AliasEvent):
            target = self._anchors[anchor]
            alias = AliasSpan(**self._place(event), target=target)
            alias.end = end
            target.aliased_on = target.aliased_on or alias.line
            return alias
        span: Span
        if isinstance(event, yaml.ScalarEvent):
            span = self._scalar(event)
        elif isinstance(event, yaml.SequenceStartEvent):
            span = self._list(event)
        else:
            span = self._mapping(event)
        if anchor is not None:
            self._anchors[anchor] = span
        return span

    def _scalar(self, event: Any) -> ScalarSpan:
        place = self._place(event)
        start, after = place["start"], max(place["start"], event.end_mark.index)
        quote = event.style if event.style in ("'", '"', "|", ">") else ""
        is_block = quote in ("|", ">")
        place["end"] = start + len(self._text[start:after].rstrip()) if is_block else after
        text = unshielded(event.value) if self._shielded else event.value
        return ScalarSpan(**place, text=text, quote=quote, after=after)

    def _list(self, event: Any) -> ListSpan:
        span = ListSpan(**self._place(event), flow=bool(event.flow_style))
        while not isinstance(item := next(self._events), yaml.SequenceEndEvent):
            span.items.append(self._node(item))
        end: Any = item.end_mark
        span.end = end.index if span.flow else span.items[-1].end
        return span

    def _mapping(self, event: Any) -> MappingSpan:
        span = MappingSpan(**self._place(event), flow=bool(event.flow_style))
        while not isinstance(key := next(self._events), yaml.MappingEndEvent):
            name = self._scalar(key)
            span.entries.append((name, self._node(next(self._events))))
        end: Any = key.end_mark
        span.end = end.index if span.flow else span.entries[-1][1].end
        return span

    def _place(self, event: Any) -> _Place:
        """Return where the content begins: an event begins with its anchor or tag."""
        mark = event.start_mark
        start = mark.index
        if getattr(event, "anchor", None) is not None and not isinstance(event, yaml.AliasEvent):
            properties = self._PROPERTIES.match(self._text, start)
            start = properties.end() if properties else start
        return {"start": start, "end": start, "line": mark.line + 1, "column": mark.column}


class _JsonSpans:
    """Builds the spans of correct JSON. Use it once."""

    _SPACE = re.compile(r"[\s:,]*")  # correctness was checked before
    _WORD = re.compile(r"[^\s{}\[\],:\"]+")

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._line_starts = [0, *(match.end() for match in re.finditer(r"\r\n|\r|\n", text))]
        self._string = json.JSONDecoder().raw_decode

    def node(self) -> Span:
        character = self._next()
        if character == "{":
            mapping = MappingSpan(**self._place(), flow=True)
            self._at += 1
            while self._next() != "}":
                mapping.entries.append((self._scalar(), self.node()))
            self._at += 1
            mapping.end = self._at
            return mapping
        if character == "[":
            items = ListSpan(**self._place(), flow=True)
            self._at += 1
            while self._next() != "]":
                items.items.append(self.node())
            self._at += 1
            items.end = self._at
            return items
        return self._scalar()

    def _scalar(self) -> ScalarSpan:
        is_text = self._next() == '"'
        place = self._place()
        if is_text:
            text, self._at = self._string(self._text, self._at)
        else:
            word = self._WORD.match(self._text, self._at)
            text = word[0] if word else ""
            self._at += len(text)
        place["end"] = self._at
        return ScalarSpan(**place, text=text, quote='"' if is_text else "", after=self._at)

    def _place(self) -> _Place:
        line = bisect_right(self._line_starts, self._at)
        return {"start": self._at, "end": self._at, "line": line, "column": self._at - self._line_starts[line - 1]}

    def _next(self) -> str:
        """Skip white space and separators, and return the next character."""
        space = self._SPACE.match(self._text, self._at)
        self._at = space.end() if space else self._at
        return self._text[self._at : self._at + 1]
