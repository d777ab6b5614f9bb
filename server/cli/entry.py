"""The entry point of the program. It imports almost nothing before it handles signals."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType
from typing import TYPE_CHECKING, NoReturn

from ..process import SignalThread, end_process, program_version, set_library_defaults
from .startup import without_collection

if TYPE_CHECKING:
    from pipeline import Tables

INTERRUPTED = 1
"""Exit code of a command that a signal has ended; that of ``serve`` and ``watch``, which have no end, is 0."""

_BROKEN_PIPE = 0


def main(tables: Tables | None = None) -> NoReturn:
    """Run the command line and end the process.

    Args:
        tables: The kinds that configurations may declare, the built-in ones by default. A program that adds kinds
            passes its own tables here. The kinds of installed packages are added.
    """
    if sys.argv[1:2] == ["serve"]:
        SignalThread().start()
    else:
        for number in (signal.SIGINT, signal.SIGTERM):  # until the command has its own handlers
            signal.signal(number, _interrupted)
    set_library_defaults()
    code = 0
    try:
        if sys.argv[1:] == ["--version"]:  # at once: programs ask for it, and the commands take long to import
            print(f"camweave {program_version()}", flush=True)
        else:
            with without_collection():
                from .commands import cli

            cli(prog_name="camweave", obj=tables)
    except SystemExit as done:
        code = done.code if isinstance(done.code, int) else int(done.code is not None)
    except BrokenPipeError:  # the reader of our output has closed it, as `head` does
        sys.stderr.close()
        code = _BROKEN_PIPE
    except BaseException:
        sys.excepthook(*sys.exc_info())
        code = 1
    end_process(code)


def _interrupted(number: int, frame: FrameType | None) -> None:
    if sys.argv[1:2] == ["watch"]:
        os._exit(0)
    os.write(2, b"camweave: interrupted\n")
    os._exit(INTERRUPTED)
