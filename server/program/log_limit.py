"""Keep clients from filling the log."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Hashable
from dataclasses import dataclass, field

WITHIN_S = 60.0
LINES = 60
"""Most lines of one kind within that time."""

_KINDS_MAX = 1000
# The loggers of what clients can cause, once for each connection or request, and those of what they cannot.
_OF_CLIENTS = frozenset(
    {"aioice", "aiortc", "asyncio", "grpclib", "h2", "hpack", "python_multipart", "server", "streams", "uvicorn"}
)
_OF_PROGRAM = ("server.cli.", "server.process.", "server.program.", "server.run.")


class LogLimit(logging.Filter):
    """Lets few lines of one kind into the log.

    Of the same lines, one is logged within a minute; of lines that differ in their arguments only, ``LINES``. The next
    one gets the number of those left out, as the attribute ``left_out``. Lines that no client can cause are all logged,
    and so are those for debugging.

    Args:
        clock: Returns the seconds of a clock that never jumps.
    """

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        super().__init__()
        self._clock = clock
        self._kinds: dict[Hashable, _Kind] = {}
        self._lock = threading.Lock()

    def filter(self, record: logging.LogRecord) -> bool:
        """Return whether a record is logged."""
        if (
            record.levelno <= logging.DEBUG
            or record.name.partition(".")[0] not in _OF_CLIENTS
            or record.name.startswith(_OF_PROGRAM)
        ):
            return True
        name = (record.name, record.msg if isinstance(record.msg, str) else type(record.msg), _place(record))
        with self._lock:
            now = self._clock()
            kind = self._kinds.get(name)
            if kind is None:
                if len(self._kinds) >= _KINDS_MAX:
                    self._kinds.clear()
                kind = self._kinds[name] = _Kind()
            logged_at_s = kind.logged_at_s
            while logged_at_s and now - next(iter(logged_at_s.values())) >= WITHIN_S:
                del logged_at_s[next(iter(logged_at_s))]
            line = hash(str(record.args))
            if line in logged_at_s or len(logged_at_s) >= LINES:
                kind.left_out += 1
                return False
            logged_at_s[line] = now
            record.left_out, kind.left_out = kind.left_out, 0
        return True


@dataclass
class _Kind:
    """The lines of one kind: when each was logged, the oldest first, and how many were left out since the last."""

    logged_at_s: dict[int, float] = field(default_factory=dict)
    left_out: int = 0


def _place(record: logging.LogRecord) -> Hashable:
    """Return the kind of a logged exception, and where it was raised."""
    kind, _, trace = record.exc_info or (None, None, None)
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    return kind, trace and (trace.tb_frame.f_code, trace.tb_lineno)
