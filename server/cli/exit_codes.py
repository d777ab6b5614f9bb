"""How a command ends: what went wrong as a sentence on stderr, and the exit code for it."""

from __future__ import annotations

import signal
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NoReturn

import typer

from ..program import StartError, UsageError

FAILED, MISUSED = 1, 2


class Failure(Exception):
    """Something failed while running, and that is all there is to say."""


@contextmanager
def exit_codes(*, interrupted: int = FAILED) -> Iterator[None]:
    """End the program with the exit code for what the block raises, and never with a traceback for a user's mistake.

    Args:
        interrupted: The code for SIGINT and SIGTERM: serving ends with them, work is broken off by them.
    """
    from cameras import UnsuitableLibrary
    from pipeline import ConfigError
    from vision import ModelError

    before = signal.signal(signal.SIGTERM, _interrupt)
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
    except KeyboardInterrupt:
        raise (_ended(interrupted, "interrupted") if interrupted else typer.Exit(0)) from None
    finally:
        signal.signal(signal.SIGTERM, before)


def sentence_of(error: Exception) -> str:
    """Return what an error says, an operating system's with the file it is about."""
    if isinstance(error, OSError) and error.strerror:
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror.lower()}"
    return str(error)


def _ended(code: int, sentence: str) -> typer.Exit:
    from cameras import redact_url

    print(f"camweave: {redact_url(sentence)}", file=sys.stderr)
    return typer.Exit(code)


def _interrupt(number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt
