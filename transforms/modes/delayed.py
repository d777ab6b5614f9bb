"""The mode in which the picture waits a constant time, so that every frame carries the results of its own moment."""

from __future__ import annotations

from collections import deque
from typing import Any, Self, TypeVar, cast

from cameras import Frame, Image, Prediction
from vision import VisionService

from .base import InferenceAttributes
from .interpolation import between
from .optical_flow import gray_of, is_cut, masks_moved
from .worker import Result, WorkerInference

P = TypeVar("P", bound=Prediction)

_RESULTS = 64  # more than come between two frames


class DelayedInference(WorkerInference):
    """Infers beside the stream, while its frames wait.

    Each frame is announced when it comes, and asks for its predictions a constant time later. It gets those that were
    made for it, else those between the two inferred frames around it. Where the later result has not come, as with a
    model that takes more than half of the time, it gets the earlier one, and none once that is older than the time.

    Args:
        service: The vision service.
        delay_s: How long a frame waits.
    """

    mode = "delayed"

    def __init__(self, service: VisionService[Any], delay_s: float) -> None:
        super().__init__(service)
        self.delay_s = delay_s
        self._last: Image | None = None
        self._carried_s: float | None = None
        self._forget()

    @classmethod
    def of(cls, service: VisionService[Any], attributes: InferenceAttributes) -> Self:
        """Return the mode for a transform with these attributes."""
        return cls(service, attributes.delay_s)

    def announce(self, kind: type[Prediction], frame: Frame) -> None:
        """Take note of a frame that asks for its predictions later."""
        session = self._opened()
        if self._worker is None:
            self._worker = self._new_worker(session, kind, keep=_RESULTS)
        gray = gray_of(frame)
        if self._last is None or is_cut(self._last, gray):
            self._cuts.append(frame.time_s)
        self._last = gray
        self._collect()
        self._worker.frames.put(frame)

    def predict(self, kind: type[P], frame: Frame) -> tuple[P, ...]:
        """Return the predictions for a frame that was announced.

        Raises:
            ModelError: when the inference of the newest frame up to this one has failed.
        """
        self._opened()
        self._collect()
        now_s = frame.time_s
        while len(self._cuts) > 1 and self._cuts[1] <= now_s:
            self._cuts.popleft()
        while len(self._results) > 1 and self._results[1].time_s <= now_s:
            self._results.popleft()
        begins_s = self._cuts[0] if self._cuts else now_s
        ends_s = self._cuts[1] if len(self._cuts) > 1 else float("inf")
        scene = [each for each in self._results if begins_s <= each.time_s < ends_s]
        before = next((each for each in reversed(scene) if each.time_s <= now_s), None)
        after = next((each for each in scene if each.time_s > now_s and each.error is None), None)
        self.result_age_s, self.new_result = None, False
        if before is not None and before.error is not None:
            raise before.failure()
        if before is None or now_s - before.time_s > self.delay_s:
            return ()
        self.new_result, self._carried_s = before.time_s != self._carried_s, before.time_s
        self.result_age_s = 0.0
        if after is not None:
            share = (now_s - before.time_s) / (after.time_s - before.time_s)
            nearer = before if share < 0.5 else after
            straight = between(before.predictions, after.predictions, share)
            return cast(tuple[P, ...], masks_moved(straight, nearer.gray, gray_of(frame)))
        self.result_age_s = now_s - before.time_s
        return cast(tuple[P, ...], before.predictions)

    def _forget(self) -> None:
        self._results: deque[Result] = deque()
        self._cuts: deque[float] = deque()
        self._last = None
        self._carried_s = None
        self.result_age_s = None

    def _collect(self) -> None:
        """Take the new results."""
        while self._worker is not None and self._worker.results:
            self._results.append(self._worker.results.popleft())
