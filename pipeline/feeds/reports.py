"""Report what happens: counts, durations, and warnings that do not flood the log."""

from __future__ import annotations

import logging
from collections.abc import Callable

from .meters import Counters, Latency

INTERVAL_S = 10.0
"""The same subject is heard of at most this often."""


class Reports:
    """Where whoever works on a camera's frames reports. Safe from any thread.

    Warnings of one subject are logged at once, then at most one line per interval, with the number since.

    Args:
        logger: Of the module that reports.
        subject: What the warnings are about, such as ``camera porch``.
        monotonic: Seconds of a clock that never jumps.
        counters: The camera's, shared by all who report of it.
        latency: The same.
    """

    def __init__(
        self,
        logger: logging.Logger,
        subject: str,
        monotonic: Callable[[], float],
        counters: Counters | None = None,
        latency: Latency | None = None,
    ) -> None:
        self.counters = counters or Counters()
        self.latency = latency or Latency()
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

    def failed(self, message: str) -> None:
        """Count an error and warn of it."""
        self.counters.add("errors")
        self.warn(message)
