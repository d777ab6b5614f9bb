"""The message for an exception that nobody expected: a bug, perhaps in a plugin that its author is trying."""

from __future__ import annotations

import os
import traceback
from pathlib import Path

from cameras import safe_text

_ROOT = Path(__file__).parents[2]
_ROOMS = ("cameras", "vision", "transforms", "pipeline", "streams", "server")
_PROGRAM = tuple(f"{_ROOT / room}{os.sep}" for room in _ROOMS)


def bug_message(error: BaseException) -> str:
    """Return the type and text of an exception, and the line that a developer looks at first.

    The text passes through :func:`cameras.safe_text`. The line is the last one in the file that camweave called: the
    deepest one is often in a library that the file uses.
    """
    said = safe_text(str(error))
    text = f"{type(error).__name__}: {said}" if said else type(error).__name__
    frames = list(traceback.extract_tb(error.__traceback__))
    called = next((frame.filename for frame in frames if not frame.filename.startswith(_PROGRAM)), None)
    frames = [frame for frame in frames if called in (None, frame.filename)]
    if not frames or frames[-1].filename == __file__:  # must_be says what is wrong
        return text
    return f"{text} ({Path(frames[-1].filename).name}, line {frames[-1].lineno})"


def must_be(kind: type, result: object, name: str) -> None:
    """Check the type of what a method returned.

    Raises:
        TypeError: when it is another one; the message begins with the name of the method.
    """
    if not isinstance(result, kind):
        hint = "; does it end with a return?" if result is None else ""
        raise TypeError(f"{name} must return a {kind.__name__}, got {type(result).__name__}{hint}")
