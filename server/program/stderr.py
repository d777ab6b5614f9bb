"""Writing to stderr without ever waiting for its reader."""

from __future__ import annotations

import contextlib
import logging
import os
import select
import sys

_PIECE_BYTES = 4096
"""A pipe that is ready for writing takes this much at once (PIPE_BUF in ``pipe(7)``)."""


def write_to_stderr(text: str) -> bool:
    """Write a line to stderr if that is possible at once; return whether it was.

    A pager that shows its first page, a terminal that is stopped with Ctrl+S or a hung ``ssh`` reads nothing. The event
    loop would wait for it, and with it every viewer.
    """
    stream = sys.stderr
    if stream is None:
        return False
    data = f"{text}\n".encode(errors="backslashreplace")
    try:
        stream.flush()
        descriptor = stream.fileno()
    except (OSError, ValueError):  # a stream without a descriptor, as tests use, or a closed one
        with contextlib.suppress(OSError, ValueError):
            stream.write(data.decode())
            return True
        return False
    ready = select.poll()
    ready.register(descriptor, select.POLLOUT)
    try:
        while data:
            if not ready.poll(0):
                return False
            data = data[os.write(descriptor, data[:_PIECE_BYTES]) :]
    except OSError:  # a full disk, or a pipe whose reader has gone
        return False
    return True


class StderrHandler(logging.Handler):
    """Writes the log to stderr; a message that cannot be written at once is left out.

    The next one that can be written says how many were.
    """

    def __init__(self) -> None:
        super().__init__()
        self._left_out = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Write the line of a record."""
        if self._left_out:
            message = "%d messages are missing here: stderr did not take them"
            missing = logging.LogRecord(__name__, logging.WARNING, __file__, 0, message, (self._left_out,), None)
            if not write_to_stderr(self.format(missing)):
                self._left_out += 1
                return
        self._left_out = 0 if write_to_stderr(self.format(record)) else 1
