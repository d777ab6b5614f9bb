"""``label_map.pbtxt`` of TensorFlow's Object Detection API: a protocol buffer as text."""

from __future__ import annotations

import re
from collections.abc import Iterator

from .reading import MAX_LABELS, Reading

_TOKEN = re.compile(
    r"""\s*+(?:\#[^\n]*+\s*+)*+(?:(?P<name>[A-Za-z_][\w.]*)|(?P<text>"(?:[^"\\\n]++|\\.)*+"|'(?:[^'\\\n]++|\\.)*+')"""
    r"""|(?P<number>-?[\d.]+)|(?P<mark>[{}<>:;,\[\]]))"""
)
_ESCAPE = re.compile(r"\\(?:([0-7]{1,3})|x([0-9A-Fa-f]{1,2})|(.))")
_ESCAPES = {"n": "\n", "r": "\r", "t": "\t"}
_MAX_DEPTH = 8
_LABELS = ("display_name", "name")  # name may be an identifier such as /m/01g317


def pbtxt_reading(text: str) -> Reading:
    """Return the labels of the items of a label map.

    Raises:
        ValueError: when it is damaged, or an item lacks its id or its name, or has the id of another.
    """
    names: dict[int, str] = {}
    for line, item in _items(text):
        label = next((item[key] for key in _LABELS if item.get(key)), "")
        if not re.fullmatch(r"[0-9]{1,6}", item.get("id", "")):
            raise ValueError(f"line {line}: the item {label!r} has no id")
        if not label:
            raise ValueError(f"line {line}: the item with id {item['id']} has no name")
        number = int(item["id"])
        if number in names:
            raise ValueError(f"line {line}: the items {names[number]!r} and {label!r} both have the id {number}")
        names[number] = label
        if len(names) > MAX_LABELS:
            raise ValueError(f"it is too long for a list of labels; at most {MAX_LABELS} are read")
    # The ids of a label map begin with 1 (0 is the background), also where the first classes are left out.
    return Reading.of_numbers(names, "the items of a label map (pbtxt)", first=0 if 0 in names else 1)


def _items(text: str) -> Iterator[tuple[int, dict[str, str]]]:
    """Yield the line and the fields of each item; nested messages, such as keypoints, are left out."""
    depth, began, field, is_value, before = 0, 0, "", False, ""
    item: dict[str, str] = {}
    for line, kind, value in _tokens(text):
        if kind == "mark" and value in "{<":
            depth += 1
            if depth > _MAX_DEPTH:
                raise ValueError(f"line {line}: it is nested too deep")
            if depth == 1 and field != "item":
                raise ValueError(f"line {line}: wanted is item {{ ... }}, got {field[:40]!r}")
            if depth > 1 and field == "item":
                raise ValueError(f"line {line}: an item begins inside the item of line {began}; a bracket is missing")
            if depth == 1:
                item, began = {}, line
        elif kind == "mark" and value in "}>":
            depth -= 1
            if depth < 0:
                raise ValueError(f"line {line}: a bracket is closed that was not opened")
            if depth == 0:
                yield began, item
        elif kind == "name" and not is_value:
            field = value
        elif kind != "mark" and depth == 1:
            is_continued = kind == before == "text"  # texts in a row are one text
            if field in (*_LABELS, "id") and field in item and not is_continued:
                raise ValueError(f"line {line}: the item of line {began} has a second {field}; a bracket is missing")
            item[field] = (item.get(field, "") if is_continued else "") + value
        is_value, before = kind == "mark" and value == ":", kind
    if depth:
        raise ValueError(f"the item of line {began} is not closed; the file is cut short")


def _tokens(text: str) -> Iterator[tuple[int, str, str]]:
    """Yield the line, the kind and the value of each token."""
    position, line, end = 0, 1, len(text.rstrip())
    while position < end:
        match = _TOKEN.match(text, position)
        if match is None:
            if re.compile(r"(?:\s|#[^\n]*+)*+").fullmatch(text, position, end):
                return  # a comment
            raise ValueError(f"line {line}: unexpected {text[position:end].strip()[:20]!r}")
        kind = str(match.lastgroup)
        line += text.count("\n", position, match.end())
        position = match.end()
        value = match[kind]
        yield line, kind, _unescaped(value[1:-1]) if kind == "text" else value


def _unescaped(text: str) -> str:
    if "\\" not in text:
        return text
    octets = _ESCAPE.sub(_character, text)
    try:  # octal escapes are the bytes of UTF-8
        return octets.encode("latin-1").decode("utf-8")
    except (UnicodeEncodeError, UnicodeDecodeError):
        return octets


def _character(match: re.Match[str]) -> str:
    octal, hexadecimal, letter = match.groups()
    if octal or hexadecimal:
        return chr(int(octal, 8) & 0xFF if octal else int(hexadecimal, 16))
    return _ESCAPES.get(letter, letter)
