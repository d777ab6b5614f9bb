"""The end of a command: an error as a sentence on stderr, and the exit code."""

from __future__ import annotations

import errno
import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from ..process import SignalThread
from ..program import StartError, UsageError
from .startup import without_collection

FAILED, MISUSED = 1, 2
_FULL = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO)


class Failure(Exception):
    """The command failed while it ran; the message is complete."""


@contextmanager
def exit_codes(*, interrupted: int = FAILED) -> Iterator[None]:
    """End the program with the exit code for the exception of the block, without a traceback for a user's mistake.

    Args:
        interrupted: The exit code after SIGINT or SIGTERM, the normal end of a server but not of other commands. Where
            a :class:`SignalThread` handles signals, these do not reach the block.
    """
    with without_collection():
        from cameras import UnsuitableLibrary
        from pipeline import ConfigError
        from vision import ModelError

    numbers = () if SignalThread.started is not None else (signal.SIGINT, signal.SIGTERM)
    before = {number: signal.signal(number, _interrupt) for number in numbers}
    try:
        yield
    except ConfigError as error:
        for problem in error.problems:
            print(problem, file=sys.stderr)
        raise typer.Exit(MISUSED) from None
    except (ModelError, UsageError) as error:
        raise _ended(MISUSED, str(error)) from None
    except (StartError, UnsuitableLibrary, Failure) as error:
        raise _ended(FAILED, str(error)) from None
    except OSError as error:
        if error.errno not in _FULL or error.filename:
            raise
        raise _ended(FAILED, f"stdout cannot be written: {sentence_of(error)}") from None
    except KeyboardInterrupt:
        raise (_ended(interrupted, "interrupted") if interrupted else typer.Exit(0)) from None
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def sentence_of(error: Exception) -> str:
    """Return the message of an error, with the file name if the operating system gives one."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror.lower()}"
    return str(error)


def _ended(code: int, sentence: str) -> typer.Exit:
    from cameras import safe_text

    print(f"camweave: {safe_text(sentence)}", file=sys.stderr)
    return typer.Exit(code)


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt
