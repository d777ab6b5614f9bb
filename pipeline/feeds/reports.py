"""Reports of a unit: counts, durations, and rate-limited warnings."""

from __future__ import annotations

import logging
from collections.abc import Callable

from .meters import Counters, Latency

INTERVAL_S = 10.0
"""Least interval between two warnings of one subject."""


class Reports:
    """The counters, latencies and warnings of a unit that works on a camera's frames. Safe from any thread.

    The first warning of a subject is logged at once, then at most one per interval, with the number since the last.

    Args:
        logger: Logger of the module that reports.
        subject: Subject of the warnings, such as ``camera porch``.
        monotonic: Returns the seconds of a clock that never jumps.
        counters: Counters of the camera, shared by all its units.
        latency: Latencies of the camera, shared likewise.
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
        self._pending = 0

    def warn(self, message: str) -> None:
        """Log a warning, or count it for the next one after the interval."""
        now = self._monotonic()
        self._pending += 1
        if now < self._silent_until:
            return
        if self._pending == 1:
            self._logger.warning("%s: %s", self._subject, message)
        else:
            self._logger.warning("%s: %d times, the last: %s", self._subject, self._pending, message)
        self._silent_until, self._pending = now + INTERVAL_S, 0

    def failed(self, message: str) -> None:
        """Count an error and log a warning."""
        self.counters.add("errors")
        self.warn(message)
