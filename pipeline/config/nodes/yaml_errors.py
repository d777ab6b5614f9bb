"""Messages for YAML syntax errors that tell the author of the file how to fix them."""

from __future__ import annotations

import yaml

from .problems import Position, quoted

_QUOTE = "quoted scalar"

# (part of the parser's message, our message). Some messages differ between libyaml and PyYAML's own parser.
_MESSAGES = (
    ("tab character", "a tab cannot indent YAML, use spaces"),
    (
        "mapping values are not allowed",
        '": " is not allowed here: check indentation and ":", also in the line above; does a text need quotes?',
    ),
    ("sequence entries are not allowed", '"- " is not allowed here: a list begins on a line of its own'),
    ("expected '-' indicator", 'expected "- " or less indentation here'),
    ("could not find expected ':'", 'expected ": " after this key'),
    ("expected key", "expected a key here: is the indentation correct, does a text need quotes?"),
    ("<block end>", "expected a key or less indentation here"),
    ("<document start>", "expected the end of the file here: is the indentation correct?"),
    ("node content", "expected a value here"),
    ("escape", "unknown escape in double quotes: use single quotes, or a doubled backslash"),
    ("alphabetic or numeric", 'expected a name after this "&" or "*"; a text that begins with one needs quotes'),
    ("undefined tag handle", "tags are not supported"),
    ("incompatible YAML document", "only YAML 1.1 and 1.2 can be read"),
    ("comment or line break", 'nothing else can stand on the line of a "|" or ">"'),
    ("chomping or indentation", 'nothing else can stand on the line of a "|" or ">"'),
)


def explained(error: yaml.MarkedYAMLError, text: str) -> tuple[Position, str]:
    """Return the position of a syntax error and a sentence that explains it.

    Args:
        error: The error that the parser raised.
        text: The parsed text.
    """
    problem, context = error.problem or "", error.context or ""
    here, opened = _position(error.problem_mark), _position(error.context_mark)
    if "unexpected end of stream" in problem and _QUOTE in context:
        return opened, "this quote is never closed"
    if "cannot start any token" in problem:
        return here, _cannot_start(_character(text, here))
    at_the_end = not text[_offset(text, here) :].strip()
    if "node content" in problem and at_the_end:
        return here, "the file ends where a value is expected"
    for closing, what in (("]", "list"), ("}", "mapping")):
        if f"expected ',' or '{closing}'" in problem:
            if at_the_end:
                return opened, f'this {what} is never closed, a "{closing}" is missing'
            return here, f'expected "," or "{closing}" here, in the {what} opened on line {opened.line}'
    if "could not find expected ':'" in problem:
        here = opened
    for part, message in _MESSAGES:
        if part in problem:
            return here, message
    return here, f"is not YAML: {context} {problem}".replace("  ", " ")


def _cannot_start(character: str) -> str:
    if character == "\t":
        return "a tab cannot indent YAML, use spaces"
    return f"{quoted(character)} cannot begin a value, put the text in quotes"


def _position(mark: yaml.Mark | None) -> Position:
    return Position(mark.line + 1, mark.column + 1) if mark is not None else Position(1, 1)


def _offset(text: str, position: Position) -> int:
    """Return the index of a position in the text, at most the text's length."""
    lines = text.splitlines(keepends=True)
    return sum(len(line) for line in lines[: position.line - 1]) + position.column - 1


def _character(text: str, position: Position) -> str:
    offset = _offset(text, position)
    return text[offset : offset + 1]
