"""The mode in which frames do not wait: each carries the newest result, moved along by optical flow."""

from __future__ import annotations

from collections import deque
from typing import Any, Self, TypeVar, cast

from cameras import Frame, Image, Prediction
from vision import ModelError, VisionService

from .base import MAX_AGE_S, InferenceAttributes
from .optical_flow import CarriedPredictions, gray_of, is_cut
from .worker import Result, WorkerInference

P = TypeVar("P", bound=Prediction)

FIRST_WAIT_S = 1.0
"""How long the first frame waits for its result at most."""
SLOW_AGES = 2.5
"""The age that a result may reach by default, in durations of an inference: it is one old already when it comes."""
_TRAIL = 32  # gray pictures kept of the frames since the one that is inferred
_CATCH_UP = 8  # of these, those that a new result is carried over


class LatestInference(WorkerInference):
    """Infers beside the stream, always the newest frame; no frame waits for its result, except the first one.

    Each frame carries the newest result, moved along by optical flow from the frame that it was made for. A result is
    dropped when it is too old, and when the picture has changed to another scene. An error of the service is raised
    for each frame until an inference succeeds.

    Args:
        service: The vision service.
        max_age_s: Oldest result that a frame may carry; ``None``: 1 s, or more for a slow model.
    """

    mode = "latest"

    def __init__(self, service: VisionService[Any], max_age_s: float | None = None) -> None:
        super().__init__(service)
        self._max_age_s = max_age_s
        self._is_first = True
        self._forget()

    @classmethod
    def of(cls, service: VisionService[Any], attributes: InferenceAttributes) -> Self:
        """Return the mode for a transform with these attributes."""
        return cls(service, cls._declared_age_s(attributes))

    def exchange(self, attributes: InferenceAttributes) -> None:
        """Take another ``max_age_s``; the result stays."""
        self._max_age_s = self._declared_age_s(attributes)

    @property
    def max_age_s(self) -> float:
        """Oldest result that a frame may carry at present."""
        if self._max_age_s is not None:
            return self._max_age_s
        inference_s = 0.0 if self._result is None else self._result.inference_s
        return max(MAX_AGE_S, SLOW_AGES * inference_s)

    def predict(self, kind: type[P], frame: Frame) -> tuple[P, ...]:
        """Return the newest predictions, where they are in this frame; call it with one kind, once a frame.

        Raises:
            ModelError: when the newest inference has failed.
        """
        session = self._opened()
        if self._worker is None:
            if kind.plural not in self._service.kinds:
                return session.predict(kind, frame)  # which says so
            self._worker = self._new_worker(session, kind)
        if kind is not self._worker.kind:
            raise ModelError(f"mode latest predicts {self._worker.kind.plural} here, and not {kind.plural} too")
        self._follow(gray_of(frame), frame.time_s)
        self._worker.frames.put(frame)
        if self._is_first:
            self._is_first = False
            self._worker.answered.wait(min(self.max_age_s, FIRST_WAIT_S))
        before = self._result
        for result in tuple(self._worker.results):
            self._take(result)
        self.new_result = False
        found = self._carried_to(frame.time_s)
        self.new_result = self._result is not before and self.result_age_s is not None
        return cast(tuple[P, ...], found)

    @staticmethod
    def _declared_age_s(attributes: InferenceAttributes) -> float | None:
        return attributes.max_age_s if attributes.has_max_age else None

    def _forget(self) -> None:
        """Drop the result and what is known of the frames."""
        self._is_first = True
        self._result: Result | None = None
        self._carried: CarriedPredictions | None = None
        self._trail: deque[tuple[float, Image]] = deque(maxlen=_TRAIL)
        self._scene_s = float("-inf")
        self.result_age_s = None

    def _begin_with(self, frame: Frame, predictions: tuple[Prediction, ...], inference_s: float) -> None:
        """Begin with the predictions of a frame in place of an inference."""
        self._is_first = False
        self._follow(gray_of(frame), frame.time_s)
        self._take(Result(frame.time_s, gray_of(frame), predictions, None, inference_s))

    def _follow(self, gray: Image, time_s: float) -> None:
        """Carry the result to the next frame."""
        if not self._trail or is_cut(self._trail[-1][1], gray):
            self._trail.clear()
            self._carried, self._scene_s = None, time_s
        self._trail.append((time_s, gray))
        self._carry(gray)

    def _take(self, result: Result) -> None:
        """Carry a new result from its own frame to the newest one."""
        if self._result is not None and result.time_s <= self._result.time_s:
            return
        self._result, self._carried = result, None
        if result.error is not None or result.time_s < self._scene_s:
            return
        self._carried = CarriedPredictions(result.predictions, result.gray)
        later = [gray for time_s, gray in self._trail if time_s > result.time_s]
        # A few long steps in place of many: flow finds the way over several frames too.
        step = -(-len(later) // _CATCH_UP) or 1
        for gray in later[::-1][::step][::-1]:
            self._carry(gray)

    def _carry(self, gray: Image) -> None:
        if self._carried is not None and not self._carried.advance(gray):
            self._carried = None

    def _carried_to(self, time_s: float) -> tuple[Prediction, ...]:
        result, self.result_age_s = self._result, None
        if result is None:
            return ()
        if result.error is not None:
            raise result.failure()
        age_s = time_s - result.time_s
        if self._carried is None or age_s > self.max_age_s:
            self._carried = None
            return ()
        self.result_age_s = age_s
        return self._carried.predictions()
