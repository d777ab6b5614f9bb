"""Running the code of plugins, and saying where and why it fails."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

_NOT_THEIRS = ("<frozen", str(Path(importlib.__file__).parent), str(Path(__file__).parent))


class ImportFailed(Exception):
    """The code of a plugin cannot be run; the message says where, why, and what to do about it."""


@contextmanager
def failures(remedy: str, file: Path | None = None) -> Iterator[None]:
    """Turn whatever the block raises into an :class:`ImportFailed`, and send what it prints to stderr.

    stdout is for the results of commands.

    Args:
        remedy: What to do about it, where nothing better is known.
        file: The file whose line to name; the last one that was reached when not given.

    Raises:
        ImportFailed: when the code of the plugin fails, or wants to end the program.
    """
    try:
        with redirect_stdout(sys.stderr):
            yield
    except (Exception, SystemExit) as error:
        raise ImportFailed(f"{_sentence(error, file)}; {_remedy(error, file) or remedy}") from error


def _sentence(error: BaseException, file: Path | None) -> str:
    if isinstance(error, SyntaxError) and error.filename:
        return f"{error.filename}, line {error.lineno}: {type(error).__name__}: {error.msg}"
    frames = [
        frame
        for frame in traceback.extract_tb(error.__traceback__)
        if (frame.filename == str(file) if file is not None else not frame.filename.startswith(_NOT_THEIRS))
    ]
    place = f"{frames[-1].filename}, line {frames[-1].lineno}: " if frames else f"{file}: " if file is not None else ""
    reason = f": {first}" if (first := next(iter(str(error).splitlines()), "")) else ""
    return f"{place}{type(error).__name__}{reason}"


def _remedy(error: BaseException, file: Path | None) -> str:
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    if file is not None and (file.parent / f"{error.name}.py").is_file():
        return "files cannot import each other: put them into one, or make a package of them"
    return "install what it needs into the environment of camweave"
