"""Comparing values of files exactly: ``1``, ``1.0``, ``true`` and ``"1"`` are all different."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from ..nodes import (
    AliasSpan,
    ListSpan,
    MappingNode,
    MappingSpan,
    Node,
    Problems,
    ScalarNode,
    ScalarSpan,
    SequenceNode,
    Span,
    expanded,
    read_json,
    read_yaml,
    typed,
)


class _Names(dict[str, str]):
    """An environment with every variable, each with a value that no file contains."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> str:
        return f"\ue0ff{name}\ue0ff"


_NAMES = _Names()


def comparable(value: Any) -> Any:
    """Return a value in a form that is equal only to that of an equal value of the same type."""
    if isinstance(value, Mapping):
        return {name: comparable(each) for name, each in value.items()}
    if isinstance(value, list | tuple):
        return [comparable(each) for each in value]
    return type(value).__name__, repr(value)


def comparable_span(span: Span) -> Any:
    """Return what a span means, as :func:`comparable` does; placeholders equal only themselves."""
    if isinstance(span, AliasSpan):
        return comparable_span(span.target)
    if isinstance(span, ListSpan):
        return [comparable_span(item) for item in span.items]
    if isinstance(span, MappingSpan):
        return {name: comparable_span(each) for name, each in entries_of(span).items()}
    try:
        text = expanded(span.text, _NAMES)
    except ValueError:
        return "unusable", span.text
    return comparable(text if span.quote else typed(text))


def comparable_text(text: str, *, is_json: bool) -> Any:
    """Return what a whole text means, as :func:`comparable` does; None for an empty one.

    It is read with the functions that read configurations, not from spans, so that a wrong edit is noticed.

    Raises:
        ConfigError: It cannot be read.
    """
    problems = Problems("the text")
    node = (read_json if is_json else read_yaml)(text, problems, _NAMES)
    return _comparable_node(node) if node is not None else None


def is_merge(key: ScalarSpan) -> bool:
    """Return whether a key is ``<<``, whose value is merged into its mapping."""
    return key.text == "<<" and not key.quote


def entries_of(span: MappingSpan) -> dict[str, Span]:
    """Return the values of a mapping by their keys, with those that it merges."""
    entries = {name.text: each for name, each in reversed(span.entries) if not is_merge(name)}
    for name, each in span.entries:
        if is_merge(name):
            for merged in _merged(each):
                entries = {**entries_of(merged), **entries}
    return entries


def _merged(span: Span) -> Iterator[MappingSpan]:
    while isinstance(span, AliasSpan):
        span = span.target
    if isinstance(span, MappingSpan):
        yield span
    elif isinstance(span, ListSpan):
        for item in span.items:
            yield from _merged(item)


def _comparable_node(node: Node) -> Any:
    if isinstance(node, MappingNode):
        return {name: _comparable_node(each) for name, each in node.entries.items()}
    if isinstance(node, SequenceNode):
        return [_comparable_node(item) for item in node.items]
    assert isinstance(node, ScalarNode)
    return ("unusable", node.text) if node.reported else comparable(node.value)
