"""The log on stderr: one line a message, without secrets, and with every traceback in the same form."""

from __future__ import annotations

import copy
import logging
import sys
import threading
import traceback
from types import TracebackType

from .log_limit import LogLimit
from .stderr import StderrHandler

logger = logging.getLogger(__name__)

_Failure = tuple[type[BaseException], BaseException, TracebackType | None] | tuple[None, None, None]
_NOISY = ("aioice", "aiortc", "asyncio", "grpclib", "hpack", "libav", "watchfiles")


class LogFormatter(logging.Formatter):
    """Makes every message one line without secrets (``cameras.safe_text``), and indents tracebacks.

    So no name of a file and no text of an exception can look like a line of the log.
    """

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)-7s %(message)s", datefmt="%H:%M:%S")

    def format(self, record: logging.LogRecord) -> str:
        """Return the text of a record."""
        from cameras import safe_text

        # Other handlers get the record too, and the superclass would keep the traceback's text in it.
        record = copy.copy(record)
        try:
            message = record.getMessage()
        except Exception:  # the arguments do not fit: a bug of the caller; logging would print them as they are
            message = f"{record.msg} (its arguments do not fit)"
        if left_out := getattr(record, "left_out", 0):  # by LogLimit
            message += f" ({left_out} more like this were not logged)"
        record.msg, record.args, record.exc_text = safe_text(message), None, None
        return super().format(record)

    def formatException(self, ei: _Failure) -> str:
        """Return a traceback, indented."""
        if ei[0] is None or ei[1] is None:
            return "    without a traceback"
        return "\n".join(_indented(traceback.TracebackException(ei[0], ei[1], ei[2])))

    def formatStack(self, stack_info: str) -> str:
        """Return a stack, indented."""
        return "\n".join(_lines(stack_info))


def _indented(failure: traceback.TracebackException) -> list[str]:
    from cameras import safe_text

    lines: list[str] = []
    for part in failure.format():
        # A part is a place in the code with its line, or a message, which may contain any text.
        is_place = part.lstrip(" |+-").startswith('File "')
        lines += _lines(part) if is_place else [f"    {safe_text(part.rstrip())}"] if part.strip() else []
    return lines


def _lines(text: str) -> list[str]:
    from cameras import safe_text

    return [f"    {safe_text(line)}" for line in text.splitlines()]


def log_to_stderr(level: str) -> None:
    """Log messages of at least this level to stderr, as :class:`LogLimit` allows.

    Warnings and uncaught exceptions are among them.
    """
    handler = StderrHandler()
    handler.setFormatter(LogFormatter())
    handler.addFilter(LogLimit())
    logging.basicConfig(level=level, handlers=[handler])
    for noisy in _NOISY:
        logging.getLogger(noisy).setLevel(max(logging.WARNING, logging.getLogger().level))
    logging.captureWarnings(True)
    sys.excepthook = _uncaught
    sys.unraisablehook = _unraisable
    threading.excepthook = _uncaught_in_thread


def _uncaught(kind: type[BaseException], error: BaseException, trace: TracebackType | None) -> None:
    if issubclass(kind, KeyboardInterrupt):
        return
    logger.critical("the program failed", exc_info=(kind, error, trace))


def _uncaught_in_thread(failed: threading.ExceptHookArgs) -> None:
    if failed.exc_value is not None and not issubclass(failed.exc_type, SystemExit):
        name = failed.thread.name if failed.thread is not None else "a thread"
        logger.error("%s failed", name, exc_info=(failed.exc_type, failed.exc_value, failed.exc_traceback))


def _unraisable(failed: sys.UnraisableHookArgs) -> None:
    if failed.exc_value is not None:
        what = failed.err_msg or "ignored an exception"
        logger.error("%s", what, exc_info=(failed.exc_type, failed.exc_value, failed.exc_traceback))
