"""What native libraries write to stderr past Python, kept from standing between the lines that users read."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_STDERR = 2
_lock = threading.Lock()


@contextmanager
def without_notices(prefix: bytes = b"INFO: ") -> Iterator[None]:
    """Drop the lines with a prefix that come to stderr while the block runs; all others are written after it.

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
            rest = b"".join(line for line in kept if not line.startswith(prefix))
            try:
                os.write(real, rest)
            except OSError:  # whoever read it has gone
                pass
            finally:
                os.close(real)
