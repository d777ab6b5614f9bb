"""Changing which items stand in brackets, with their comments and line breaks."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)")


@dataclass(frozen=True)
class _Item:
    lead: str  # between the last line break, or the comma, and the item
    body: str
    trail: str  # before its comma
    after: str  # after its comma, to the end of the line if the line ends there


def in_brackets(inner: str, places: Sequence[tuple[int, int]], items: Sequence[int | str], line_break: str) -> str:
    """Return what stands between two brackets, with other items.

    Args:
        inner: What stands there now.
        places: Where each item begins and ends in it.
        items: The new items in their order: the index of an item that stays, in ascending order, or the text of a new
            one.
        line_break: The one of the file.
    """
    if not items:
        return ""
    if not places:
        return ", ".join(str(item) for item in items)
    opening, found, closing, has_trailing_comma = _split(inner, places)
    first_lead = found[0].lead
    on_lines = bool(opening) if len(found) == 1 else all(item.after for item in found[:-1])
    lead = found[1].lead if len(found) > 1 else first_lead if on_lines else " "
    ends_line = bool(found[-1].after)
    texts = []
    for index, item in enumerate(items):
        is_last = index == len(items) - 1
        old = found[item] if isinstance(item, int) else _Item("", str(item), "", "")
        after = old.after
        if on_lines and not after and not is_last:
            after = line_break
        if on_lines and is_last and not after and ends_line:
            after = line_break
        if is_last and not ends_line and not after.strip():
            after = ""
        own = first_lead if index == 0 else old.lead if isinstance(item, int) and item else lead
        comma = "," if not is_last or has_trailing_comma else ""
        texts.append(f"{own}{old.body}{old.trail}{comma}{after}")
    return f"{opening}{''.join(texts)}{closing}"


def _split(inner: str, places: Sequence[tuple[int, int]]) -> tuple[str, list[_Item], str, bool]:
    """Return what stands before the items, the items, what stands after them, and whether the last has a comma."""
    opening, lead = _at_line_break(inner[: places[0][0]])
    items = []
    has_comma = False
    for index, (start, end) in enumerate(places):
        gap = inner[end : places[index + 1][0] if index + 1 < len(places) else len(inner)]
        comma = _comma(gap)
        has_comma = comma >= 0
        trail, rest = (gap[:comma], gap[comma + 1 :]) if has_comma else ("", gap)
        after, next_lead = _at_line_break(rest)
        items.append(_Item(lead, inner[start:end], trail, after))
        lead = next_lead
    return opening, items, lead, has_comma


def _comma(gap: str) -> int:
    """Return the index of the comma between two items, outside of comments; -1 without one."""
    in_comment = False
    for index, character in enumerate(gap):
        if character in "\r\n":
            in_comment = False
        elif character == "#":
            in_comment = True
        elif character == "," and not in_comment:
            return index
    return -1


def _at_line_break(text: str) -> tuple[str, str]:
    """Return a text up to its first line break, which is included, and the rest."""
    line = _LINE.match(text)
    return (line[0], text[line.end() :]) if line else ("", text)
