"""Running the code of plugins, and turning its failures into messages."""

from __future__ import annotations

import importlib
import sys
import traceback
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path

_NOT_PLUGIN_CODE = ("<frozen", str(Path(importlib.__file__).parent), str(Path(__file__).parent))


class ImportFailed(Exception):
    """The code of a plugin cannot be run; the message names the place, the reason and a remedy."""


@contextmanager
def failures(remedy: str, file: Path | None = None) -> Iterator[None]:
    """Turn any exception of the block into an :class:`ImportFailed`, and send its output to stderr.

    stdout is reserved for the results of commands.

    Args:
        remedy: The advice to give when no better one is known.
        file: The file whose line the message names; default: the last file in the traceback.

    Raises:
        ImportFailed: The code of the plugin raises an exception or calls ``sys.exit``.
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
        if (frame.filename == str(file) if file is not None else not frame.filename.startswith(_NOT_PLUGIN_CODE))
    ]
    place = f"{frames[-1].filename}, line {frames[-1].lineno}: " if frames else f"{file}: " if file is not None else ""
    reason = f": {first}" if (first := next(iter(str(error).splitlines()), "")) else ""
    return f"{place}{type(error).__name__}{reason}"


def _remedy(error: BaseException, file: Path | None) -> str:
    if not isinstance(error, ModuleNotFoundError) or not error.name:
        return ""
    if file is not None and (file.parent / f"{error.name}.py").is_file():
        return "plugin files cannot import each other: merge them, or make a package of them"
    return "install that module into the environment of camweave"
