"""Changing values of a configuration in its text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from ..nodes import AliasSpan, ConfigError, ListSpan, MappingSpan, ScalarSpan, Span, path_text, quoted, read_spans
from .comparing import comparable, comparable_span, comparable_text, entries_of, is_merge
from .edits import Edit, Editor, edited, merged

Path = tuple[str | int, ...]
Change = tuple[Path, Any]

_BYTE_ORDER_MARK = "\ufeff"
_PIPELINE = "pipeline"


def with_values(text: str, changes: Sequence[Change], *, json: bool = False) -> str:
    """Return a configuration's text with other values; everything else stays as it is written.

    A new value keeps the quotes, brackets and comments of the old one. A missing key is added at the end of its
    mapping, as its neighbours are written; missing mappings above it are added too.

    Args:
        text: The text of a configuration, YAML or JSON; also a Viam machine file.
        changes: Paths with their new values, applied in this order. A path has keys and indices; a camera or service
            stands by its name: ``("cameras", "street", "pipeline", 0, "attributes", "confidence_threshold")``. For
            ``pipeline``, ``attributes`` before it may be left out. A value is like those of JSON. ``None`` removes the
            key, if it is there, or the item of a list.
        json: Whether the text is JSON.

    Raises:
        ValueError: The text cannot be read; a camera, service or item is not there; or a value cannot be changed in its
            place, because it comes from an environment variable or stands in several places (aliases, merge keys). The
            message is a sentence that says where and what to do.
    """
    mark = _BYTE_ORDER_MARK if text.startswith(_BYTE_ORDER_MARK) else ""
    text = text.removeprefix(_BYTE_ORDER_MARK)
    try:
        expected = comparable_text(text, is_json=json)
        for path, value in changes:
            text, expected = _changed(text, expected, tuple(path), value, json)
        if comparable_text(text, is_json=json) != expected:
            paths = ", ".join(path_text(tuple(path)) for path, _ in changes)
            raise ValueError(f"{paths}: cannot be changed without changing something else; edit the file by hand")
    except ConfigError as error:
        problem = error.problems[0]
        raise ValueError(f"line {problem.line}: {problem.message}" if problem.line else problem.message) from None
    return mark + text


def _changed(text: str, expected: Any, path: Path, value: Any, json: bool) -> tuple[str, Any]:
    """Return the text with one value changed, and what it must mean then."""
    root = read_spans(text, is_json=json)
    if root is None:
        raise ValueError(f"{path_text(path)}: the file is empty")
    steps = _steps(root, path)
    try:
        edits = _edits(Editor(text, is_json=json), root, steps, value)
    except ValueError as error:
        raise ValueError(f"{path_text(path)}: {error}") from None
    return edited(text, edits), _applied(expected, steps, value)


def _steps(root: Span, path: Path) -> Path:
    """Return a path with the place of a camera or service instead of its name, in the form that the file has."""
    steps = list(path)
    if len(steps) > 2 and steps[0] == "cameras" and steps[2] == _PIPELINE:
        steps.insert(2, "attributes")
    if not isinstance(root, MappingSpan):
        raise ValueError(f"{path_text(path)}: the file has no keys")
    entries = entries_of(root)
    if steps[:1] == ["cameras"] and "cameras" not in entries and "components" in entries:  # a Viam machine file
        steps[0] = "components"
    if len(steps) > 1 and isinstance(name := steps[1], str) and steps[0] in ("cameras", "services", "components"):
        entry = entries.get(str(steps[0]))
        found = _named(entry, name)
        if isinstance(_resolved(entry), ListSpan):
            what = f"{'service' if steps[0] == 'services' else 'camera'} is named {quoted(name)}"
            if not found:
                raise ValueError(f"{path_text(path)}: no {what}")
            if len(found) > 1:
                raise ValueError(f"{path_text(path)}: more than one {what}")
            steps[1] = found[0]
    return tuple(steps)


def _named(entry: Span | None, name: str) -> list[int]:
    """Return the indices of the items of a list that have a name."""
    entry = _resolved(entry)
    wanted = comparable(name)
    return [
        index
        for index, item in enumerate(entry.items if isinstance(entry, ListSpan) else ())
        if isinstance(mapping := _resolved(item), MappingSpan)
        and (found := entries_of(mapping).get("name")) is not None
        and comparable_span(found) == wanted
    ]


def _resolved(span: Span | None) -> Span | None:
    while isinstance(span, AliasSpan):
        span = span.target
    return span


def _edits(editor: Editor, root: Span, steps: Path, value: Any) -> list[Edit]:
    """Return the edits that give the value at the end of a path another value."""
    span, key, flow = root, None, False
    beside: ListSpan | None = None  # the list that the mapping at hand is an item of
    for depth, step in enumerate(steps):
        rest = steps[depth + 1 :]
        editor.require_own(span)
        if isinstance(span, ListSpan) and isinstance(step, int):
            if not 0 <= step < len(span.items):
                raise ValueError(f"line {span.line}: there is no item {step}, the list has {len(span.items)}")
            if not rest and value is None:
                return editor.remove(span, step, flow=flow, key=key)
            beside, key, flow, span = span, None, span.flow, span.items[step]
            continue
        if not isinstance(span, MappingSpan) or not isinstance(step, str):
            raise ValueError(f"line {span.line}: there is no {quoted(str(step))}")
        index = _index(span, step)
        if index is None:
            if value is None:
                return []
            return editor.add(span, step, _nested(rest, value), step=_indentation(beside, step))
        if not rest and value is None:
            return editor.remove(span, index, flow=flow, key=key)
        parent_flow = span.flow
        key, child = span.entries[index]
        if rest and isinstance(child, ScalarSpan) and child.value is None:
            nested = _nested(rest, value)
            return (
                []
                if value is None
                else editor.fill(child, key, nested, flow=parent_flow, step=_indentation(beside, step))
            )
        beside, flow, span = None, parent_flow, child
    return editor.change(span, value, flow=flow, key=key)


def _index(mapping: MappingSpan, name: str) -> int | None:
    """Return the position of a key in a mapping; None if it does not have the key.

    Raises:
        ValueError: It has the key twice, or from what it merges.
    """
    found = [index for index, (key, _) in enumerate(mapping.entries) if key.text == name and not is_merge(key)]
    if len(found) > 1:
        second = mapping.entries[found[1]][0]
        raise ValueError(f"line {second.line}: the key {quoted(name)} stands there twice; remove one of them")
    if not found and name in entries_of(mapping):
        raise merged(next(key for key, _ in mapping.entries if is_merge(key)))
    return found[0] if found else None


def _indentation(items: ListSpan | None, name: str) -> int:
    """Return how far other items of a list indent a key's mapping; 0 if they write it in braces."""
    for item in items.items if items is not None else ():
        for key, value in item.entries if isinstance(item, MappingSpan) and not item.flow else ():
            if key.text == name and isinstance(value, MappingSpan):
                return 0 if value.flow else max(0, value.column - key.column)
    return 0


def _nested(steps: Path, value: Any) -> Any:
    """Return a value inside of the mappings that a path leads through."""
    for step in reversed(steps):
        if not isinstance(step, str):
            raise ValueError(f"there is no item {step}")
        value = {step: value}
    return value


def _applied(expected: Any, steps: Path, value: Any) -> Any:
    """Return a comparable value with the one at the end of a path replaced, or removed if it becomes None."""
    if not steps:
        return comparable(value)
    step, rest = steps[0], steps[1:]
    if isinstance(step, int):
        items = list(expected)
        items[step : step + 1] = [] if not rest and value is None else [_applied(items[step], rest, value)]
        return items
    entries = dict(expected) if isinstance(expected, dict) else {}  # null becomes a mapping
    if value is None and step not in entries:
        return expected
    if not rest and value is None:
        del entries[step]
    else:
        entries[step] = _applied(entries.get(step), rest, value)
    return entries
