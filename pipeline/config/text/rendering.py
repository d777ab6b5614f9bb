"""Writing values as YAML or JSON, on one line."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Mapping
from typing import Any

from ..nodes import FORBIDDEN, typed, unusable

_BREAKS = re.compile("[\t\n\r\x85\u2028\u2029\ufeff]")
_FIRST = re.compile(r"[?:,\[\]{}#&*!|>'\"%@`]|-(?![\w.])")
_FLOW_MARKS = re.compile(r"[,\[\]{}]")
_MARKS = re.compile(r":(\s|$)|\s#")


def rendered(value: Any, *, flow: bool, is_json: bool, quote: str = "", key: bool = False) -> str:
    """Return a value as the text of a file. Lists and mappings get brackets.

    Args:
        value: None, a bool, a number, a text, a list or a mapping with texts as keys.
        flow: Whether it will stand inside brackets, where commas and brackets need quotes.
        is_json: Whether the file is JSON.
        quote: How a text is quoted where it does not matter: ``'``, ``"``, or empty for only where needed.
        key: Whether it is a key.

    Raises:
        ValueError: A file cannot contain the value.
    """
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise ValueError(f"a number must be finite, got {value}")
        return repr(value)
    if isinstance(value, str):
        if reason := unusable(value):
            raise ValueError(f"a text {reason}")
        return _double(value) if is_json else _text(value, flow, quote, key)
    if isinstance(value, Mapping):
        pairs = [
            f"{rendered(name, flow=True, is_json=is_json, quote=quote, key=True)}: "
            f"{rendered(each, flow=True, is_json=is_json, quote=quote)}"
            for name, each in value.items()
        ]
        return f"{{{', '.join(pairs)}}}"
    if isinstance(value, list | tuple):
        return f"[{', '.join(rendered(each, flow=True, is_json=is_json, quote=quote) for each in value)}]"
    raise ValueError(f"must be a text, a number, true, false, null, a list or a mapping, got {type(value).__name__}")


def escaped(text: str) -> str:
    """Return a text in which no ``${NAME}`` is a placeholder."""
    return text.replace("$", "$$") if "$$" in text or "${" in text else text


def is_plain(text: str, *, flow: bool, key: bool = False) -> bool:
    """Return whether YAML 1.2's core schema reads a text without quotes as this text."""
    return not (
        not isinstance(typed(text), str)
        or text != text.strip()
        or text in ("---", "...")
        or (key and text == "<<")
        or _FIRST.match(text)
        or _MARKS.search(text)
        or _BREAKS.search(text)
        or FORBIDDEN.search(text)
        or (flow and _FLOW_MARKS.search(text))
    )


def _text(text: str, flow: bool, quote: str, key: bool) -> str:
    if quote != "'" and quote != '"':
        if is_plain(text, flow=flow, key=key):
            return text
        quote = "'" if '"' in text or "\\" in text else '"'
    if quote == "'" and not _BREAKS.search(text) and not FORBIDDEN.search(text):
        return "'" + text.replace("'", "''") + "'"
    return _double(text)


def _double(text: str) -> str:
    """Return a text in double quotes, with what JSON and YAML escape in the same way."""
    return "".join(
        character if character.isprintable() else f"\\u{ord(character):04x}" if ord(character) < 0x10000 else character
        for character in json.dumps(text, ensure_ascii=False)
    )
