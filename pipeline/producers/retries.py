"""The pauses of a source between its attempts to open a camera."""

from __future__ import annotations

import random
from collections.abc import Callable

from cameras import CameraAccessDenied, CameraUnreachable

from ..execution import retry_pause_s

UNREACHABLE_PAUSE_S = 1.25
"""Longest time from one attempt or check to the next while nothing answers at the camera's address."""

DENIED_PAUSES_S = (30.0, 60.0, 120.0, 240.0, 300.0)
"""Longest pauses after a camera has denied access, by failures in a row: cameras lock accounts after a few attempts."""


class RetryPauses:
    """Chooses the pause after each failed attempt, by the kind of failure.

    * Nothing answers: short, with jitter so that many cameras that were lost together do not return together.
    * Access denied: long and growing.
    * Any other failure: growing; frames and another kind of failure start it over.

    Args:
        jitter: Returns a random number from 0 to 1.
    """

    def __init__(self, jitter: Callable[[], float] = random.random) -> None:
        self._jitter = jitter
        self._kind: type[BaseException] = Exception
        self._failures = 0

    def after(self, failure: BaseException, *, had_frames: bool) -> float:
        """Return the pause in seconds after an attempt that failed, with or without frames before."""
        kinds = (CameraAccessDenied, CameraUnreachable)
        kind = next((kind for kind in kinds if isinstance(failure, kind)), Exception)
        self._failures = 1 if had_frames or kind is not self._kind else self._failures + 1
        self._kind = kind
        if kind is CameraAccessDenied:
            pause_s = DENIED_PAUSES_S[min(self._failures, len(DENIED_PAUSES_S)) - 1]
            return pause_s * (0.9 + 0.1 * self._jitter())
        return self.unreachable() if kind is CameraUnreachable else retry_pause_s(self._failures)

    def unreachable(self) -> float:
        """Return the time in seconds until the next check while nothing answers."""
        return UNREACHABLE_PAUSE_S * (0.6 + 0.4 * self._jitter())
