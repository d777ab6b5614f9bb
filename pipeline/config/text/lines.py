"""Hiding secrets line by line: in comments, and in a text that cannot be read."""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..nodes import placeholders
from .hiding import DOTS, hidden, is_secret_key

_KEY = re.compile(r"""(?P<quote>["']?)(?P<key>[A-Za-z_][\w.\-]{0,100})(?P=quote)\s*[:=](?=\s|$|["'\[{])\s*""")
_ENTRY = re.compile(r"""(?:-\s+)*["']?[\w.\-]+["']?\s*:(?=\s|$|["'\[{])|[\]}]""")
_LINE = re.compile(r"[^\r\n]*(?:\r\n|\r|\n)|[^\r\n]+")
_OPEN = re.compile(r"[:\[{|>\-]\s*$")
_MARKS = re.compile(r"""[\s"'\[\]{},:]+""")
_SECRET_WORD = re.compile(
    r"(?i)passw\w*|passphrase|\bpwd|token\w*|secret\w*|credential\w*|api_?key|auth\w*[\"']?\s*[:=]"
)
_ALIAS = re.compile(r"\*([^\s,\]}]+)")
_ANCHOR = re.compile(r"&([^\s,\]}]+)")


def hidden_line(line: str) -> str:
    """Return a line, without its line break, with dots instead of whatever may be secret."""
    return _hidden_after_word(_hidden(line)[0])


def hidden_lines(text: str, *, is_prose: bool = False) -> Iterator[tuple[str, str]]:
    """Yield each line of a text with its line break, and before it the same line with dots instead of secrets.

    The text may be any: what follows the key of a secret is hidden, up to the next line that begins with a key.

    Args:
        text: The text.
        is_prose: Whether it is a comment, where other lines only follow a key that has no value on its line.
    """
    lines = _LINE.findall(text)
    aliases = {name for line in lines if _hidden(line)[1] is not None for name in _ALIAS.findall(line)}
    secret_column: int | None = None
    for line in lines:
        content = line.rstrip("\r\n")
        line_break = line[len(content) :]
        body = content.lstrip(" \t")
        column = len(content) - len(body)
        if secret_column is not None and body and not (column <= secret_column and _ENTRY.match(body)):
            yield f"{content[:column]}{DOTS}{line_break}", line
            continue
        shown, secret = _hidden(content)
        if not is_prose:
            shown = hidden_line(content)
        ends = is_prose and not _OPEN.search(content)
        secret_column = None if ends else secret if body else secret_column
        if aliases.intersection(_ANCHOR.findall(content)):
            anchor = content.index("&")
            shown = f"{_hidden(content[:anchor])[0]}{DOTS}"
            secret_column = column
        yield f"{shown}{line_break}", line


def _hidden(line: str) -> tuple[str, int | None]:
    """Return a line with dots instead of secrets, and the column of the first key of a secret."""
    for match in _KEY.finditer(line):
        if is_secret_key(match["key"]):
            value, mark, comment = line[match.end() :].partition(" #")
            rest = f"{value}{mark}{_hidden(comment)[0]}" if _has_only_placeholders(value) else DOTS
            return f"{hidden(line[: match.end()])}{rest}", match.start()
    return hidden(line), None


def _hidden_after_word(line: str) -> str:
    """Return a line with dots after a word that means a secret, whatever stands between them."""
    word = _SECRET_WORD.search(line)
    if word is None or DOTS in line[word.end() :] or _has_only_placeholders(line[word.end() :]):
        return line
    return f"{line[: word.end()]}{DOTS}"


def _has_only_placeholders(value: str) -> bool:
    for match in placeholders(value):
        if not match["default"]:
            value = value.replace(match[0], "")
    return not _MARKS.sub("", value)
