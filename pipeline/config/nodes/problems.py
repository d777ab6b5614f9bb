"""Problems of a configuration, each with its position and a message.

* ConfigError    the configuration cannot be used; has at least one Problem  -> stop, exit code 2
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import islice
from typing import NamedTuple

from cameras import one_line, safe_text

Address = tuple[str | int, ...]
"""The path from the root of the file to a value: keys and list indices, such as ``("cameras", 0, "name")``."""

# difflib needs about 10 us per pair of words; without a limit, thousands of unknown names would take minutes to report.
MAX_COMPARISONS = 20_000
MAX_SHOWN_LENGTH = 80
MAX_KNOWN_SHOWN = 30

# Other programs' names for the same thing, spelled too differently for difflib.
_SYNONYMS = {
    "fps": "frame_rate",
    "framerate": "frame_rate",
    "threshold": "confidence_threshold",
    "labels": "valid_labels",
}
_PLAIN_KEY = re.compile(r"[A-Za-z0-9_-]+")


class Position(NamedTuple):
    """A position in the file; both numbers count from 1, columns in characters."""

    line: int
    column: int


@dataclass(frozen=True, order=True)
class Problem:
    """One problem of a configuration.

    Attributes:
        file: The file name as the user typed it.
        line: From 1; None for a problem of the file itself.
        column: From 1; None for a problem of the file itself.
        path: The invalid value, such as ``cameras[1].attributes.source``; empty for the file as a whole.
        message: What is wrong, a sentence whose subject is the path.
    """

    file: str
    line: int | None
    column: int | None
    path: str
    message: str

    def __str__(self) -> str:
        place = self.file if self.line is None else f"{self.file}:{self.line}:{self.column}"
        return f"{place}: {self.path}: {self.message}" if self.path else f"{place}: {self.message}"


class ConfigError(Exception):
    """The configuration cannot be used.

    Attributes:
        problems: All problems found, in the order of the file.
    """

    def __init__(self, problems: Iterable[Problem]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(str(problem) for problem in self.problems))


class Problems:
    """Collects the problems of one file."""

    def __init__(self, file: str) -> None:
        self.file = file
        self._found: dict[Problem, None] = {}
        self._comparisons_left = MAX_COMPARISONS

    def __bool__(self) -> bool:
        return bool(self._found)

    def add(self, position: Position | None, address: Address, message: str) -> None:
        """Add a problem; a duplicate is dropped."""
        line, column = position if position is not None else (None, None)
        self._found[Problem(safe_text(self.file), line, column, path_text(address), safe_text(message))] = None

    def forget(self, address: Address) -> None:
        """Drop all problems of a value that will not be used, and of the values below it."""
        above = path_text(address)
        self._found = {
            problem: None
            for problem in self._found
            if problem.path != above and not problem.path.startswith((f"{above}.", f"{above}["))
        }

    def error(self) -> ConfigError:
        """Return the problems as an exception, in the order of the file."""
        return ConfigError(sorted(self._found, key=lambda problem: (problem.line or 0, problem.column or 0)))

    def fatal(self, position: Position | None, message: str, address: Address = ()) -> ConfigError:
        """Return the exception for a problem that ends the reading of the file."""
        self.add(position, address, message)
        return self.error()

    def nearest(self, word: str, known: Collection[str]) -> str | None:
        """Return the known word that is most similar; None without one, or when ``MAX_COMPARISONS`` are used up."""
        self._comparisons_left -= len(known)
        if self._comparisons_left < 0:
            return None
        words = {name.lower(): name for name in known}
        synonym = _SYNONYMS.get(word.lower())
        if synonym in words:
            return words[synonym]
        close = get_close_matches(word.lower()[:MAX_SHOWN_LENGTH], words, n=1)
        return words[close[0]] if close else None


def path_text(address: Address) -> str:
    """Return an address as text: ``cameras[1].attributes.pipeline[0].type``."""
    text = ""
    for step in address:
        if isinstance(step, int):
            text += f"[{step}]"
        elif _PLAIN_KEY.fullmatch(step):
            text += f".{step}" if text else step
        else:
            text += f"[{quoted(step)}]"
    return text


def quoted(text: str) -> str:
    """Return a text in double quotes, on one line, shortened, without secrets (:func:`cameras.safe_text`)."""
    text = safe_text(text.replace("\\", "\\\\").replace('"', '\\"'))
    if len(text) > MAX_SHOWN_LENGTH:
        text = text[:MAX_SHOWN_LENGTH].rstrip("\\") + "..."
    return f'"{text}"'


def listed(words: Collection[str]) -> str:
    """Return a comma-separated list of the first thirty words."""
    more = ", ..." if len(words) > MAX_KNOWN_SHOWN else ""
    return ", ".join(one_line(word) for word in islice(words, MAX_KNOWN_SHOWN)) + more


def is_unknown(problems: Problems, what: str, word: str, known: Collection[str]) -> str:
    """Return the message for an unknown word, with a suggestion and the known words.

    Args:
        problems: The problems of the file, which limit the search for suggestions.
        what: The beginning of the sentence: ``unknown key``, ``no camera is named "stret"``.
        word: The word in the file.
        known: The words that are allowed there.
    """
    near = problems.nearest(word, known)
    suggestion = f", did you mean {quoted(near)}?" if near is not None else ""
    return f"{what}{suggestion} (known: {listed(known)})" if known else f"{what} (known: none)"
