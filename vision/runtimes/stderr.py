"""Suppression of informational lines that native libraries write directly to stderr."""

from __future__ import annotations

import os
import tempfile
import threading
from collections.abc import Iterator
from contextlib import contextmanager

# Prefixes of informational lines of TFLite and of its log library, Abseil, which also logs a warning before
# its first line.
_NOTICES = (b"INFO: ", b"I0000 ", b"WARNING: All log messages before absl::InitializeLog() ")

_STDERR = 2
_lock = threading.Lock()


@contextmanager
def notices_suppressed() -> Iterator[None]:
    """Drop informational lines that reach stderr while the block runs; write all other lines after it.

    This redirects stderr of the whole process, so keep the block short and rare.
    """
    with _lock, tempfile.TemporaryFile() as kept:
        try:
            real = os.dup(_STDERR)
        except OSError:  # no stderr
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
            except OSError:  # the reader has closed it
                pass
            finally:
                os.close(real)
