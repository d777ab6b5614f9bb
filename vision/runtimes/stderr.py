"""What native libraries write to stderr past Python, kept from standing between the lines that users read."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# How a line begins that tells of a choice and of nothing wrong: TFLite's own, and that of its log library, which puts a
# warning about itself before the first line of any kind.
_NOTICES = (b"INFO: ", b"I0000 ", b"WARNING: All log messages before absl::InitializeLog() ")

_STDERR = 2
_lock = threading.Lock()


@contextmanager
def notices_suppressed() -> Iterator[None]:
    """Drop the notices that come to stderr while the block runs; all other lines are written after it.

    It is the whole process's stderr, so the block should be short and seldom.
    """
    with _lock, tempfile.TemporaryFile() as kept:
        try:
            real = os.dup(_STDERR)
        except OSError:  # there is none
            yield
            return
        os.dup2(kept.fileno(), _STDERR)
        try:
            yield
        finally:
            os.dup2(real, _STDERR)
            kept.seek(0)
            rest = b"".join(line for line in kept if not line.startswith(_NOTICES))
            try:
                os.write(real, rest)
            except OSError:  # whoever read it has gone
                pass
            finally:
                os.close(real)
