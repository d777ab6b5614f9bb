"""The mode in which a frame waits for its own result until a deadline, for what must not be shown without it."""

from __future__ import annotations

import logging
from typing import Any, TypeVar

from cameras import BoundedCalls, CallTimeout, Frame, Prediction
from vision import VisionService

from .base import InferenceMode

P = TypeVar("P", bound=Prediction)

_BUSY = "the detector is still busy with an earlier frame"


class DeadlineInference(InferenceMode):
    """Infers each frame; the frame waits until a deadline at most.

    After a missed deadline, no other inference starts until that one has finished. A thread that is still busy at
    ``close`` is abandoned; it closes its session if it ever finishes.

    Args:
        service: The vision service.
        deadline_s: How long a frame waits.
    """

    mode = "sync"

    def __init__(self, service: VisionService[Any], deadline_s: float) -> None:
        super().__init__(service)
        self.deadline_s = deadline_s
        self._calls = self._new_calls()
        self._abandoned: BoundedCalls | None = None

    def predict(self, kind: type[P], frame: Frame) -> tuple[P, ...]:
        """Return the predictions for this frame.

        Raises:
            TimeoutError: when the result is late, or an earlier inference is still running.
        """
        session = self._opened()
        if self._abandoned is not None and self._abandoned.late:
            raise TimeoutError(_BUSY)
        try:
            return self._calls.run(lambda: self._predicted(session, kind, frame), self.deadline_s)
        except CallTimeout as error:
            sentence = _BUSY if error.refused else f"the detector did not answer within {self.deadline_s:g} s"
            raise TimeoutError(sentence) from None

    def close(self) -> None:
        """Close the session, or leave that to the thread while it is busy."""
        session, calls = self._end_session(), self._calls
        if session is None:
            return
        if calls.late:
            self._abandoned = calls
        self._calls = self._new_calls()
        calls.close(session.close)

    def _new_calls(self) -> BoundedCalls:
        # A missed deadline is an error of the transform, which the line reports.
        return BoundedCalls(f"inference {self._service.name}", at_once=1, log_level=logging.DEBUG)
