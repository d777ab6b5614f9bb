"""Report what keeps going wrong without flooding the log."""

from __future__ import annotations

import logging
from collections.abc import Callable

INTERVAL_S = 10.0
"""The same subject is heard of at most this often."""


class Reports:
    """The warnings of one subject: the first at once, then at most one line per interval, with the number since."""

    def __init__(self, logger: logging.Logger, subject: str, monotonic: Callable[[], float]) -> None:
        self._logger = logger
        self._subject = subject
        self._monotonic = monotonic
        self._silent_until = 0.0
        self._unsaid = 0

    def warn(self, message: str) -> None:
        """Say what went wrong, now or, as a number, with the next one after the interval."""
        now = self._monotonic()
        self._unsaid += 1
        if now < self._silent_until:
            return
        if self._unsaid == 1:
            self._logger.warning("%s: %s", self._subject, message)
        else:
            self._logger.warning("%s: %d times, the last: %s", self._subject, self._unsaid, message)
        self._silent_until, self._unsaid = now + INTERVAL_S, 0
