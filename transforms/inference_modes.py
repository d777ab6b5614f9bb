"""Inference modes: which frame a transform has inferred, and how long a frame waits for the result.

One class per mode, and the table ``MODES`` of those that the attribute ``mode`` names. A further mode is one more class
and one more row. For example, frames may carry the newest result instead of waiting for their own: the factory in the
row gets ``max_age_s``, the class reports the age of its result, and its thread infers between frames. Modes apply to
live frames; those of a file always use ``SyncInference`` (:meth:`Transform.wait_for_results`).
"""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, ClassVar, Literal, TypeVar

from pydantic import Field

from cameras import Attributes, Frame, Prediction
from vision import BoundedCalls, CallTimeout, ModelError, Session, VisionService

P = TypeVar("P", bound=Prediction)


_BUSY = "the detector is still busy with an earlier frame"


class InferenceAttributes(Attributes):
    """Attributes that choose when inference runs."""

    mode: Literal["auto", "sync"] = Field(
        default="auto",
        description="When inference runs. sync: on each frame, which waits for the result. auto: the same as sync.",
    )
    max_age_s: float = Field(
        default=1.0,
        gt=0,
        allow_inf_nan=False,
        description="Oldest result that a frame may carry. It has no effect in sync and auto: each result belongs to "
        "its own frame and has age 0.",
    )


class InferenceMode(ABC):
    """Runs a vision service for one transform, through a session that is open between ``open`` and ``close``.

    A subclass decides which frame is inferred and how long ``predict`` waits::

        class SyncInference(InferenceMode):
            mode = "sync"

            def predict(self, kind, frame):
                return self._opened().predict(kind, frame)

    Args:
        service: The vision service.

    Attributes:
        mode: The name of the mode in the API.
        result_age_s: Age of the newest result; 0 where each result belongs to its own frame.
    """

    mode: ClassVar[str]
    result_age_s: float = 0.0

    def __init__(self, service: VisionService[Any]) -> None:
        self._service = service
        self._session: Session | None = None
        self._inferences = 0

    @property
    def inferences(self) -> int:
        """Number of inferences caused so far, in all sessions."""
        session = self._session
        return self._inferences + (session.inferences if session is not None else 0)

    def open(self) -> None:
        """Open a session: the model is loaded when this returns. A second call does nothing.

        Raises:
            ModelError: when the model cannot be loaded.
        """
        if self._session is None:
            self._session = self._service.open_session()

    @abstractmethod
    def predict(self, kind: type[P], frame: Frame) -> tuple[P, ...]:
        """Return the predictions of a kind for a frame.

        Raises:
            ModelError: when the service does not give that kind, fails, or is not open.
        """

    def close(self) -> None:
        """Close the session. A second call does nothing."""
        session = self._end_session()
        if session is not None:
            session.close()

    def _opened(self) -> Session:
        if self._session is None:
            raise ModelError(f"service {self._service.name} is not open")
        return self._session

    def _end_session(self) -> Session | None:
        """Return the open session, which the caller closes, and keep the count of its inferences."""
        session, self._session = self._session, None
        if session is not None:
            self._inferences += session.inferences
        return session


class SyncInference(InferenceMode):
    """Infers each frame; the frame waits for the result."""

    mode: ClassVar[str] = "sync"

    def predict(self, kind: type[P], frame: Frame) -> tuple[P, ...]:
        """Return the predictions for this frame."""
        return self._opened().predict(kind, frame)


class DeadlineInference(InferenceMode):
    """Infers each frame; the frame waits until a deadline at most.

    After a missed deadline, no other inference starts until that one has finished. A thread that is still busy at
    ``close`` is abandoned; it closes its session if it ever finishes.

    Args:
        service: The vision service.
        deadline_s: How long a frame waits.
    """

    mode: ClassVar[str] = "sync"

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
            return self._calls.run(lambda: session.predict(kind, frame), self.deadline_s)
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


def _sync(service: VisionService[Any], attributes: InferenceAttributes) -> InferenceMode:
    """Return the mode that ignores all other attributes."""
    return SyncInference(service)


MODES: Mapping[str, Callable[[VisionService[Any], InferenceAttributes], InferenceMode]] = {"auto": _sync, "sync": _sync}
"""Factories by the ``mode`` of a transform. Each takes the service and the attributes of the transform."""
