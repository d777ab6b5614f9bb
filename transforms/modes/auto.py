"""The mode that waits for results as long as they come as fast as frames."""

from __future__ import annotations

import statistics
from collections import deque
from time import monotonic
from typing import Any, TypeVar

from cameras import Frame, Prediction
from vision import VisionService

from .latest import LatestInference

P = TypeVar("P", bound=Prediction)

SLOW_SAMPLES = 3
"""So many inferences in a row that take longer than the interval of frames show that the model is slow."""
FAST_SAMPLES = 8
"""So many in a row that take less than ``FAST`` of the interval show that it is not."""
FAST = 0.7


class AutoInference(LatestInference):
    """Works like ``sync``, and like ``latest`` while inferences take longer than the interval of live frames.

    Frames of a file always wait for their results.
    """

    def __init__(self, service: VisionService[Any], max_age_s: float | None = None) -> None:
        self._is_slow = False
        super().__init__(service, max_age_s)

    @property
    def mode(self) -> str:  # type: ignore[override]  # it changes
        """The mode at present: ``sync`` or ``latest``."""
        return "latest" if self._is_slow else "sync"

    def predict(self, kind: type[P], frame: Frame) -> tuple[P, ...]:
        """Return the predictions for this frame, or the newest ones while the model is slow.

        Raises:
            ModelError: when the inference, or the newest one, has failed.
        """
        self._measure_interval(frame)
        if self._is_slow and not self.live:
            self._forget()
        if not self._is_slow:
            return self._predict_now(kind, frame)
        before = self._result
        found = super().predict(kind, frame)
        result = self._result
        if result is not None and result is not before:
            interval_s = self._noted(result.inferred, result.inference_s)
            if interval_s and len(self._took_s) == FAST_SAMPLES and max(self._took_s) < FAST * interval_s:
                self._forget()
        return found

    def _predict_now(self, kind: type[P], frame: Frame) -> tuple[P, ...]:
        session = self._opened()
        inferences, started_s = session.inferences, monotonic()
        found = self._predicted(session, kind, frame)
        took_s = monotonic() - started_s
        self.result_age_s, self.new_result = 0.0, True
        interval_s = self._noted(session.inferences > inferences, took_s)
        if interval_s and self.live and len(self._took_s) >= SLOW_SAMPLES and min(self._took_s) > interval_s:
            self._begin_with(frame, found, took_s)
            self._is_slow = True
            self._took_s.clear()
        return found

    def _noted(self, inferred: bool, took_s: float) -> float | None:
        """Note how long a result took, if that says anything of the model; return the interval of frames then.

        A result without an inference says nothing, unless it took long: another camera caused it, or there was nothing
        to infer.
        """
        if self._interval_s is None or not (inferred or took_s > self._interval_s):
            return None
        self._took_s.append(took_s)
        return self._interval_s

    def _forget(self) -> None:
        super()._forget()
        self._is_slow = False
        self._took_s: deque[float] = deque(maxlen=FAST_SAMPLES)
        self._intervals_s: deque[float] = deque(maxlen=FAST_SAMPLES)
        self._interval_s: float | None = None
        self._last: tuple[float, int] | None = None

    def _measure_interval(self, frame: Frame) -> None:
        """Measure the interval of the source's frames; those that were dropped on the way count."""
        if self._last is not None and frame.sequence > self._last[1] and frame.time_s > self._last[0]:
            self._intervals_s.append((frame.time_s - self._last[0]) / (frame.sequence - self._last[1]))
            self._interval_s = statistics.median(self._intervals_s)
        self._last = frame.time_s, frame.sequence
