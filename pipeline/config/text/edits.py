"""Finding the smallest edits that give a value in a text a new value."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from difflib import SequenceMatcher
from typing import Any, NamedTuple

from ..nodes import AliasSpan, ListSpan, MappingSpan, ScalarSpan, Span, placeholders
from .comparing import comparable, comparable_span, entries_of, is_merge
from .flow import in_brackets
from .rendering import escaped, rendered


class Edit(NamedTuple):
    """The text between two indices is replaced by a new one."""

    start: int
    end: int
    new: str


def edited(text: str, edits: Iterable[Edit], offset: int = 0) -> str:
    """Return a text with edits, which do not overlap, applied.

    Args:
        text: The text.
        edits: The edits; those that insert at the same index, in their order.
        offset: The index in the edits that the text begins at.
    """
    parts = []
    at = 0
    for edit in sorted(edits, key=lambda edit: edit[:2]):
        parts += [text[at : edit.start - offset], edit.new]
        at = edit.end - offset
    return "".join(parts) + text[at:]


class Editor:
    """Finds edits of one text. They keep what does not change: comments, order, spacing and quotes.

    Args:
        text: The text.
        is_json: Whether it is JSON.
    """

    def __init__(self, text: str, *, is_json: bool) -> None:
        self._text = text
        self._is_json = is_json
        first = text.find("\n")
        self._line_break = "\r\n" if first > 0 and text[first - 1] == "\r" else "\n"

    def change(self, span: Span, value: Any, *, flow: bool, key: ScalarSpan | None = None) -> list[Edit]:
        """Return the edits that give a span another value.

        Args:
            span: The span.
            value: The new value.
            flow: Whether it is inside brackets.
            key: Its key, if it is the value of a mapping.

        Raises:
            ValueError: It is used elsewhere too, or comes from elsewhere.
        """
        if comparable_span(span) == comparable(value):
            return []
        self.require_own(span)
        if isinstance(span, MappingSpan) and isinstance(value, Mapping) and (span.entries or value):
            return self._change_mapping(span, value, flow=flow, key=key)
        if isinstance(span, ListSpan) and isinstance(value, list | tuple) and (span.items or value):
            return self._change_list(span, value, flow=flow, key=key)
        self._require_own_parts(span)
        return self._replace(span, self._rendered(value, flow=flow, span=span), flow=flow, key=key)

    def require_own(self, span: Span) -> None:
        """Raise ``ValueError`` if the span is an alias or has one, or has a placeholder."""
        if isinstance(span, AliasSpan):
            raise ValueError(
                f"line {span.line}: the value is written once for several places, on line {span.target.line}; "
                "change it there, or replace the alias (*) by a value of its own"
            )
        if span.aliased_on:
            raise ValueError(
                f"line {span.line}: line {span.aliased_on} uses the same value through an alias (*); "
                "replace the alias by a value of its own first"
            )
        if isinstance(span, ScalarSpan) and any(placeholders(span.text)):
            raise ValueError(
                f"line {span.line}: the value comes from an environment variable; "
                "change the variable, or replace ${...} by a value in the file"
            )

    def _require_own_parts(self, span: Span) -> None:
        self.require_own(span)
        if isinstance(span, ListSpan):
            for item in span.items:
                self._require_own_parts(item)
        elif isinstance(span, MappingSpan):
            for name, item in span.entries:
                if is_merge(name):
                    raise merged(name)
                self._require_own_parts(item)

    def remove(self, parent: MappingSpan | ListSpan, index: int, *, flow: bool, key: ScalarSpan | None) -> list[Edit]:
        """Return the edits that remove an entry of a mapping, or an item of a list.

        Args:
            parent: The mapping or list.
            index: The position of the entry or item.
            flow: Whether the parent is inside brackets.
            key: The key of the parent, if it is the value of a mapping.

        Raises:
            ValueError: It is used elsewhere too, or comes from elsewhere.
        """
        if isinstance(parent, MappingSpan):
            self._require_own_parts(parent.entries[index][1])
            return self._with_entries(parent, {}, {index}, {}, flow=flow, key=key)
        self._require_own_parts(parent.items[index])
        kept = [each for each in range(len(parent.items)) if each != index]
        return self._with_items(parent, kept, {}, flow=flow, key=key)

    def add(self, mapping: MappingSpan, name: str, value: Any, *, step: int = 0) -> list[Edit]:
        """Return the edits that add a key at the end of a mapping.

        Args:
            mapping: The mapping.
            name: The key, which it does not have.
            value: Its value.
            step: If not 0, the value is a mapping to be written without braces, indented by so many spaces.
        """
        return self._with_entries(mapping, {}, set(), {name: value}, flow=mapping.flow, key=None, step=step)

    def fill(self, span: Span, key: ScalarSpan, value: Mapping[str, Any], *, flow: bool, step: int) -> list[Edit]:
        """Return the edits that put a mapping where nothing or ``null`` is.

        Args:
            span: What is there.
            key: Its key.
            value: The mapping.
            flow: Whether the key is inside brackets.
            step: If not 0, the mapping is written without braces, indented by so many spaces.
        """
        if flow or not step:
            return self.change(span, value, flow=flow, key=key)
        self.require_own(span)
        lines = self._lines(value, self._column(key.start) + step)
        if span.start >= span.end:
            end = self._line_end(key.end)
            return [Edit(end, end, lines)]
        colon = self._text.index(":", key.end)
        end = self._line_end(span.end)
        return [Edit(colon + 1, span.end, ""), Edit(end, end, lines)]

    def _lines(self, value: Mapping[str, Any], indent: int) -> str:
        """Return the entries of a mapping on lines of their own, with a line break before each."""
        return "".join(
            f"{self._line_break}{' ' * indent}{self._entry(name, each, indent, 0)}" for name, each in value.items()
        )

    def _entry(self, name: str, value: Any, indent: int, step: int) -> str:
        """Return a new entry for a mapping without braces."""
        key = rendered(name, flow=False, is_json=False, key=True)
        if step and isinstance(value, Mapping) and value:
            return f"{key}:{self._lines(value, indent + step)}"
        return f"{key}: {self._rendered(value, flow=False)}"

    def _change_mapping(
        self, span: MappingSpan, value: Mapping[str, Any], *, flow: bool, key: ScalarSpan | None
    ) -> list[Edit]:
        inherited = entries_of(span).keys() - {name.text for name, _ in span.entries}
        for name, each in span.entries:
            if is_merge(name) and any(
                each not in value or comparable(value[each]) != comparable_span(entries_of(span)[each])
                for each in inherited
            ):
                raise merged(name)
        changes: dict[int, list[Edit]] = {}
        removed = set()
        for index, (name, each) in enumerate(span.entries):
            if name.text in value:
                changes[index] = self.change(each, value[name.text], flow=span.flow, key=name)
            elif not is_merge(name):
                self._require_own_parts(each)
                removed.add(index)
        present = entries_of(span)
        added = {name: each for name, each in value.items() if name not in present}
        return self._with_entries(span, changes, removed, added, flow=flow, key=key)

    def _with_entries(
        self,
        span: MappingSpan,
        changes: Mapping[int, list[Edit]],
        removed: Collection[int],
        added: Mapping[str, Any],
        *,
        flow: bool,
        key: ScalarSpan | None,
        step: int = 0,
    ) -> list[Edit]:
        """Return the edits that give a mapping other entries.

        Args:
            span: The mapping.
            changes: Edits inside of entries that stay.
            removed: The indices of entries that go.
            added: New entries.
            flow: Whether the mapping is inside brackets.
            key: Its key, if it is the value of a mapping.
            step: How far new mappings without braces are indented; 0: they get braces.
        """
        edits = [edit for each in changes.values() for edit in each]
        if not removed and not added:
            return edits
        if span.flow:
            kept: list[int | str] = [index for index in range(len(span.entries)) if index not in removed]
            return self._rebracket(span, [*kept, *(self._pair(span, name, added[name]) for name in added)], changes)
        if len(removed) == len(span.entries):
            return self._replace(span, self._rendered(added, flow=flow), flow=flow, key=key)
        for index in removed:
            following = span.entries[index + 1][0].start if index + 1 < len(span.entries) else None
            edits.append(self._without_lines(span.entries[index][0].start, span.entries[index][1], following))
        indent = self._column(span.entries[0][0].start)
        last = span.entries[-1][1]
        return edits + [
            self._new_line(last, indent, self._entry(name, each, indent, step)) for name, each in added.items()
        ]

    def _change_list(self, span: ListSpan, value: Sequence[Any], *, flow: bool, key: ScalarSpan | None) -> list[Edit]:
        old, new = [repr(comparable_span(item)) for item in span.items], [repr(comparable(item)) for item in value]
        changes: dict[int, list[Edit]] = {}
        items: list[int | str] = []  # the index of an old item, or the text of a new one
        for operation, start, end, new_start, new_end in SequenceMatcher(None, old, new, autojunk=False).get_opcodes():
            if operation == "equal":
                items += range(start, end)
                continue
            both = min(end - start, new_end - new_start)
            for index in range(start, start + both):
                each = value[new_start + index - start]
                changes[index] = self.change(span.items[index], each, flow=span.flow)
                items.append(index)
            for index in range(start + both, end):
                self._require_own_parts(span.items[index])
            like = span.items[0] if span.items else None
            items += [self._rendered(each, flow=span.flow, like=like) for each in value[new_start + both : new_end]]
        return self._with_items(span, items, changes, flow=flow, key=key)

    def _with_items(
        self,
        span: ListSpan,
        items: Sequence[int | str],
        changes: Mapping[int, list[Edit]],
        *,
        flow: bool,
        key: ScalarSpan | None,
    ) -> list[Edit]:
        """Return the edits that give a list other items.

        Args:
            span: The list.
            items: The index of each item that stays, in ascending order, or the text of a new one.
            changes: Edits inside of items that stay.
            flow: Whether the list is inside brackets.
            key: Its key, if it is the value of a mapping.
        """
        if list(items) == list(range(len(span.items))):
            return [edit for edits in changes.values() for edit in edits]
        if span.flow:
            return self._rebracket(span, items, changes)
        if not items:
            return self._replace(span, "[]", flow=flow, key=key)
        return self._new_lines(span, items, changes)

    def _new_lines(self, span: ListSpan, items: Sequence[int | str], changes: Mapping[int, list[Edit]]) -> list[Edit]:
        """Return the edits of a list without brackets."""
        dashes = [self._dash(item) for item in span.items]
        kept = {item for item in items if isinstance(item, int)}
        if not kept:  # then the first line becomes that of the first new item
            kept = {0}
            first, *rest = items
            changes = {0: [self._whole(span.items[0], str(first))]}
            items = [0, *rest]
        edits = [edit for index in kept for edit in changes.get(index, [])]
        for index in range(len(dashes)):
            if index not in kept:
                following = dashes[index + 1] if index + 1 < len(dashes) else None
                edits.append(self._without_lines(dashes[index], span.items[index], following))
        indent = self._column(dashes[0])
        after: Span | None = None
        for item in items:
            if isinstance(item, int):
                after = span.items[item]
            elif after is not None:
                edits.append(self._new_line(after, indent, f"- {item}"))
            else:
                edits.append(Edit(dashes[0], dashes[0], f"- {item}{self._line_break}{' ' * indent}"))
        return edits

    def _rebracket(
        self, span: ListSpan | MappingSpan, items: Sequence[int | str], changes: Mapping[int, list[Edit]]
    ) -> list[Edit]:
        """Return the edit that gives a list or mapping in brackets other items; ``changes`` are inside of old ones."""
        if self._text[span.start : span.start + 1] not in ("{", "["):  # ``[key: value]``
            raise ValueError(f"line {span.line}: a mapping without braces in a list; put braces around it first")
        begin, end = span.start + 1, span.end - 1
        if isinstance(span, ListSpan):
            places = [(item.start, item.end) for item in span.items]
        else:
            places = [(name.start, max(name.end, each.end)) for name, each in span.entries]
        inner, moved = self._text[begin:end], []
        parts, at = [], begin
        for index, (first, last) in enumerate(places):
            body = edited(self._text[first:last], changes.get(index, []), first)
            parts += [self._text[at:first], body]
            begins = sum(len(part) for part in parts) - len(body)
            moved.append((begins, begins + len(body)))
            at = last
        inner = "".join(parts) + self._text[at:end]
        return [Edit(begin, end, in_brackets(inner, moved, items, self._line_break))]

    def _pair(self, mapping: MappingSpan, name: str, value: Any) -> str:
        """Return a new entry for a mapping in braces, in the style of its last one."""
        quote, colon = "", ": "
        for key, each in mapping.entries[-1:]:
            quote = key.quote
            gap = self._text[key.end : each.start]
            colon = gap if gap.strip() == ":" and "\n" not in gap and each.start < each.end else colon
        if not quote and not colon.endswith(" "):
            colon = ": "
        key_text = rendered(name, flow=True, is_json=self._is_json, quote=quote, key=True)
        return f"{key_text}{colon}{self._rendered(value, flow=True)}"

    def _replace(self, span: Span, new: str, *, flow: bool, key: ScalarSpan | None) -> list[Edit]:
        """Return the edits that put a text on one line in place of a whole span."""
        if isinstance(span, ScalarSpan) and span.start >= span.end:  # nothing was there
            if key is None:
                return [Edit(span.start, span.start, f" {new}")]
            colon = self._text.find(":", key.end, span.start + 1)
            return [Edit(key.end, key.end, f": {new}") if colon < 0 else Edit(colon + 1, colon + 1, f" {new}")]
        is_block = isinstance(span, ListSpan | MappingSpan) and not span.flow
        if not is_block or key is None:
            return [self._whole(span, new)]
        colon = self._text.index(":", key.end)
        return [Edit(colon + 1, colon + 1, f" {new}"), self._without_lines(span.start, span, None)]

    def _whole(self, span: Span, new: str) -> Edit:
        return Edit(span.start, max(span.start, span.end), new)

    def _rendered(self, value: Any, *, flow: bool, span: Span | None = None, like: Span | None = None) -> str:
        like = span if span is not None else like
        quote = like.quote if isinstance(like, ScalarSpan) else ""
        if isinstance(like, ScalarSpan) and not isinstance(like.value, str):
            quote = ""
        return rendered(_with_dollars(value), flow=flow, is_json=self._is_json, quote=quote)

    def _new_line(self, after: Span, indent: int, text: str) -> Edit:
        """Return the edit that inserts a line after the one that a span ends on."""
        last = _last(after)
        if isinstance(last, ScalarSpan) and last.quote in ("|", ">"):
            begins_line = self._text[last.after - 1 : last.after] in ("\n", "\r")
            before, behind = ("", self._line_break) if begins_line else (self._line_break, "")
            return Edit(last.after, last.after, f"{before}{' ' * indent}{text}{behind}")
        end = self._line_end(max(last.start, last.end))
        return Edit(end, end, f"{self._line_break}{' ' * indent}{text}")

    def _without_lines(self, start: int, span: Span, following: int | None) -> Edit:
        """Return the edit that removes the lines from an index to the end of a span.

        Args:
            start: The index where an entry begins.
            span: What ends the entry.
            following: Where the next entry begins, which takes its place if the entry does not begin its line.
        """
        last = _last(span)
        line_start = self._line_start(start)
        if self._text[line_start:start].strip():
            if following is None:
                raise ValueError(f"line {span.line}: is not on a line of its own; put it on one first")
            return Edit(start, following, "")
        is_block = isinstance(last, ScalarSpan) and last.quote in ("|", ">")
        end = last.after if is_block and isinstance(last, ScalarSpan) else self._line_end(max(last.start, last.end))
        if is_block and self._text[end - 1 : end] in ("\n", "\r"):
            return Edit(line_start, end, "")
        for line_break in ("\r\n", "\r", "\n"):
            if self._text.startswith(line_break, end):
                return Edit(line_start, end + len(line_break), "")
        before = len(
            self._text[:line_start].rstrip("\r\n")
        )  # the last line of a text that does not end in a line break
        return Edit(before, end, "")

    def _dash(self, item: Span) -> int:
        """Return where the ``-`` of an item is."""
        dash = self._text.rfind("-", 0, item.start if item.start > 0 else 0)
        start = item.start
        if self._text[start : start + 1] == "-" and isinstance(item, ListSpan) and not item.flow:
            dash = self._text.rfind("-", 0, start)
        if dash < 0 or self._text[dash + 1 : start].strip():
            raise ValueError(f"line {item.line}: the item is not beside its dash; put it there first")
        return dash

    def _column(self, index: int) -> int:
        return index - self._line_start(index)

    def _line_start(self, index: int) -> int:
        return max(self._text.rfind("\n", 0, index), self._text.rfind("\r", 0, index)) + 1

    def _line_end(self, index: int) -> int:
        found = [at for at in (self._text.find("\n", index), self._text.find("\r", index)) if at >= 0]
        return min(found, default=len(self._text))


def _last(span: Span) -> Span:
    """Return the last value of a list or mapping without brackets, or the span itself."""
    while not isinstance(span, ScalarSpan | AliasSpan) and not span.flow:
        span = span.items[-1] if isinstance(span, ListSpan) else span.entries[-1][1]
    return span


def _with_dollars(value: Any) -> Any:
    """Return a value whose texts mean what they say when a file contains them."""
    if isinstance(value, str):
        return escaped(value)
    if isinstance(value, Mapping):
        return {name: _with_dollars(each) for name, each in value.items()}
    return [_with_dollars(each) for each in value] if isinstance(value, list | tuple) else value


def merged(key: ScalarSpan) -> ValueError:
    """Return the error for a value that a mapping has from others."""
    return ValueError(
        f"line {key.line}: the value comes from what << merges; change it there, or write the key out beside <<"
    )
