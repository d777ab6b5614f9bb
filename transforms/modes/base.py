"""The base class of inference modes, and the attributes that choose one."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, Literal, TypeVar, cast

from pydantic import Field

from cameras import Attributes, Frame, Prediction
from vision import ModelError, Predictor, Session, VisionService

P = TypeVar("P", bound=Prediction)

MAX_AGE_S = 1.0
"""Oldest result that a frame may carry by default."""


class InferenceAttributes(Attributes):
    """Attributes that choose when inference runs."""

    mode: Literal["auto", "sync", "latest", "delayed"] = Field(
        default="auto",
        description="When inference runs. sync: on each frame, which waits for the result. latest: beside the stream; "
        "each frame carries the newest result, moved along with the picture. delayed: beside the stream; the picture "
        "waits delay_s, and each frame carries the results of its own moment. auto: latest for a live source whose "
        "frames come faster than results, otherwise sync.",
    )
    delay_s: float = Field(
        default=0.5,
        gt=0,
        le=2,
        allow_inf_nan=False,
        description="How long the picture waits with delayed: at least twice the time of the model, and a frame.",
    )
    max_age_s: float = Field(
        default=MAX_AGE_S,
        gt=0,
        allow_inf_nan=False,
        description="Oldest result that a frame may carry with latest; a result of sync belongs to its own frame and "
        "has age 0. Where it is not given, a model that is slower than 0.4 s gets 2.5 times its own time.",
    )

    def __eq__(self, other: object) -> bool:
        """Compare the values, and whether ``max_age_s`` was given: its default, written out, means something else.

        Of all attributes that is the only one, so that others do not make a change of it when they are written out.
        """
        return super().__eq__(other) and self.has_max_age == getattr(other, "has_max_age", None)

    @property
    def has_max_age(self) -> bool:
        """Whether ``max_age_s`` was given."""
        return "max_age_s" in self.model_fields_set


class InferenceMode(ABC):
    """Runs a vision service for one transform, through a session that is open between ``open`` and ``close``.

    A subclass decides which frame is inferred and how long ``predict`` waits::

        class SyncInference(InferenceMode):
            mode = "sync"

            def predict(self, kind, frame):
                return self._predicted(self._opened(), kind, frame)

    Args:
        service: The vision service.

    Attributes:
        mode: The name of the mode in the API.
        predictor: What predicts of a frame in the session; ``None``: the service, of the whole frame. The owner sets it
            before ``open``.
        live: Whether the frames come from a live source, not from a file. The owner sets it, also between frames.
        delay_s: How long a frame waits between ``announce`` and ``predict``; 0: it is not announced.
        result_age_s: Age of the result of the newest frame; 0 where each result belongs to its own frame, ``None``
            while a frame has none.
        new_result: Whether the newest frame is the first that carries its result.
    """

    mode: str
    predictor: Predictor | None = None
    live: bool = True
    delay_s: float = 0.0
    result_age_s: float | None = 0.0
    new_result: bool = True

    def __init__(self, service: VisionService[Any]) -> None:
        self._service = service
        self._session: Session | None = None
        self._inferences = 0

    @property
    def inferences(self) -> int:
        """Number of inferences caused so far, in all sessions."""
        session = self._session
        return self._inferences + (session.inferences if session is not None else 0)

    def exchange(self, attributes: InferenceAttributes) -> None:  # noqa: B027  # a hook
        """Take other attributes of the transform, between two frames: those that need no other mode."""

    def open(self) -> None:
        """Open a session: the model is loaded when this returns. A second call does nothing.

        Raises:
            ModelError: when the model cannot be loaded.
        """
        if self._session is None:
            self._session = self._service.open_session()

    def announce(self, kind: type[Prediction], frame: Frame) -> None:  # noqa: B027  # a hook
        """Take note of a frame whose predictions of a kind are wanted ``delay_s`` later; nothing by default."""

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

    def _predicted(self, session: Session, kind: type[P], frame: Frame) -> tuple[P, ...]:
        """Infer a frame now, on any thread."""
        if self.predictor is None:
            return session.predict(kind, frame)
        return cast(tuple[P, ...], self.predictor(frame, session))

    def _end_session(self) -> Session | None:
        """Return the open session, which the caller closes, and keep the count of its inferences."""
        session, self._session = self._session, None
        if session is not None:
            self._inferences += session.inferences
        return session
