"""The base class of every vision service, and the sessions that its clients predict with."""

from __future__ import annotations

import logging
import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeAlias, TypeVar, cast

from cameras import PREDICTIONS, Attributes, BoundedCalls, CallTimeout, Frame, Histogram, Prediction

from .runtimes import (
    INFERENCE_LIMIT,
    RUNTIMES,
    ModelError,
    ModelStatistics,
    Runtime,
    RuntimeDeclaration,
    UnsupportedKind,
    hanging,
    unanswered,
)
from .understood import Understood

logger = logging.getLogger(__name__)

A = TypeVar("A", bound=Attributes)
P = TypeVar("P", bound=Prediction)

INFERENCE_BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Upper bounds of the buckets of inferences: from a small model up to ``limits.inference_s``."""


@dataclass(frozen=True)
class ServiceDeclaration:
    """A declared vision service: its key in ``VISION_SERVICES``, its attributes, and the model they name, if any."""

    name: str
    model: str
    attributes: Attributes
    runtime: RuntimeDeclaration | None = None


class VisionService(ABC, Generic[A]):
    """A source of predictions about frames, known to transforms and clients by its name. Thread-safe.

    The constructor only stores values. :meth:`inspect` learns what the service can do. Each client opens its own
    session; the first session loads what the service needs, and closing the last one releases it. A subclass maps each
    kind of prediction that it supports to a predictor::

        class Brightness(VisionService[BrightnessAttributes]):
            model_name: ClassVar[str] = "brightness"
            attributes_type = BrightnessAttributes

            def _load(self) -> None:
                self.labels = ("bright",)

            def _release(self) -> None:
                pass

            def _predictors(self) -> Mapping[type[Prediction], Predictor]:
                return {Classification: self._classify}

            def _classify(self, frame: Frame, session: Session) -> tuple[Classification, ...]:
                with session.inference():
                    return (Classification("bright", float(frame.image.mean()) / 255),)

    Attributes:
        name: Its name under ``services:``.
        attributes: Its attributes, as declared.
        runtime: The declared model that the attributes name, if any.
        runtimes: The available runtimes, by name.
        predictions: Kinds of predictions that it adds to the built-in ones; declare them so that clients can request
            them.
        known_predictions: All kinds of predictions that clients can request.
        may_hang: Whether its own code may never return. Then each prediction runs on a thread that can be abandoned,
            within a time limit, and the service is refused while one hangs. Models have that limit anyway.
        stateful: Whether a prediction depends on earlier frames of the session. Predictions of a stateless service are
            cached with the picture, so that several clients share one inference.
        kinds: Plurals of the kinds of predictions that it supports; set by :meth:`inspect`.
        labels: Labels that its predictions may have, as far as they are known; set by :meth:`inspect`.
        understood: What was understood of its model, and why; set by :meth:`inspect`; ``None`` without such a model.
        inferences: Number of inferences run for all sessions.
        inference_s: Duration of the last inference in seconds, including the wait for other users of the model.
        durations: Those of all inferences.
    """

    model_name: ClassVar[str]
    attributes_type: ClassVar[type[Attributes]]
    predictions: ClassVar[tuple[type[Prediction], ...]] = ()
    may_hang: ClassVar[bool] = True
    stateful: ClassVar[bool] = False

    def __init__(
        self,
        name: str,
        attributes: A,
        runtime: RuntimeDeclaration | None = None,
        *,
        runtimes: Mapping[str, type[Runtime]] | None = None,
    ) -> None:
        """Store the settings; ``runtimes`` defaults to the built-in ones."""
        self.name = name
        self.attributes = attributes
        self.runtime = runtime
        self.runtimes = RUNTIMES if runtimes is None else runtimes
        self.kinds: frozenset[str] = frozenset()
        self.labels: tuple[str, ...] = ()
        self.understood: Understood | None = None
        self.inferences = 0
        self.inference_s = 0.0
        self.durations = Histogram(INFERENCE_BOUNDS_S)
        self._sessions = 0
        self._sessions_lock = threading.Lock()
        self._count_lock = threading.Lock()
        self.known_predictions = frozenset(PREDICTIONS.values())
        self._reported: set[type] = set()
        self._calls = self._new_calls()
        self._loaded = False
        # Not id(self): a new object can get the same number while a picture still caches predictions.
        self._identity = object()

    @classmethod
    def needs(cls, attributes: A) -> str | None:
        """Return the name of the declared model (``type: mlmodel``) that such a service runs, if any."""
        return None

    @classmethod
    def default_camera(cls, attributes: A) -> str | None:
        """Return the name of the camera to use when a client names none, if one is declared."""
        return None

    @property
    def error(self) -> str | None:
        """Why the service is refused at present: an inference hangs. ``None`` while it works."""
        return hanging(f"service {self.name}") if self._hangs() else None

    @property
    def models(self) -> tuple[ModelStatistics, ...]:
        """The counts of the model files that it has loaded, or tried to load; none by default."""
        return ()

    def inspect(self) -> None:
        """Set :attr:`kinds` and :attr:`labels`, loading and releasing the model if necessary.

        Raises:
            ModelError: when the model, or a file that belongs to it, cannot be used.
        """
        self.open_session().close()

    def open_session(self) -> Session:
        """Return a session for one client; the first session loads what the service needs.

        Raises:
            ModelError: when loading fails; nothing stays loaded then.
        """
        with self._sessions_lock:
            if not self._loaded:
                self._load()
                self._loaded = True
            try:
                predictors = self._predictors()
            except BaseException:
                self._release_unused()
                raise
            self.kinds = frozenset(kind.plural for kind in predictors)
            self._sessions += 1
        self._report_undeclared(kind for kind in predictors if kind not in self.known_predictions)
        return Session(self, predictors)

    def _close_session(self) -> None:
        """Remove a session; the last one releases what was loaded. For :class:`Session` only."""
        with self._sessions_lock:
            self._sessions -= 1
            self._release_unused()

    def _release_unused(self) -> None:
        """Release what was loaded if no session is open, after the end of an inference that was given up.

        Until then it stays loaded: for the next session it would hang again.
        """
        calls = self._calls
        if self._sessions or not self._loaded or calls.when_idle(self._release_later):
            return
        self._calls = self._new_calls()
        self._loaded = False
        calls.close(self._release)

    def _release_later(self) -> None:
        with self._sessions_lock:
            self._release_unused()

    def _hangs(self) -> bool:
        """Return whether an inference has exceeded the limit and still runs."""
        return self._calls.late

    def _new_calls(self) -> BoundedCalls:
        return BoundedCalls(f"service {self.name}")

    def _count(self, inference_s: float) -> None:
        """Count one inference. For :class:`Session` only."""
        with self._count_lock:
            self.inferences += 1
            self.inference_s = inference_s
        self.durations.add(inference_s)

    def _report_undeclared(self, kinds: Iterable[type]) -> None:
        """Log each kind of prediction that clients cannot request, once. For :class:`Session` too."""
        for kind in kinds:
            with self._count_lock:
                if kind in self._reported:
                    continue
                self._reported.add(kind)
            own = type(self)
            declared = ", ".join(each.__name__ for each in (*self.predictions, kind))
            logger.warning(
                "service %s: %s.%s returns %s, an undeclared kind of prediction that clients cannot request; "
                "declare it in the class: predictions = (%s,)",
                self.name,
                own.__module__,
                own.__qualname__,
                kind.__name__,
                declared,
            )

    @abstractmethod
    def _load(self) -> None:
        """Load what the predictors need and set ``labels``; on failure, leave nothing loaded."""

    @abstractmethod
    def _release(self) -> None:
        """Release what :meth:`_load` has loaded."""

    @abstractmethod
    def _predictors(self) -> Mapping[type[Prediction], Predictor]:
        """Return the predictor of each supported kind; called for each session, after :meth:`_load`.

        A stateful service creates the state of a session here.
        """


class Session:
    """One client's use of a vision service, which stays loaded until the session is closed.

    Several threads may call :meth:`predict` at once, so predictors of a stateful service lock their state.

    Attributes:
        service: The service that predicts.
        inferences: Number of inferences run for this session; cached predictions do not count.
    """

    def __init__(self, service: VisionService[Any], predictors: Mapping[type[Prediction], Predictor]) -> None:
        self.service = service
        self.inferences = 0
        self._predictors = predictors
        self._closed = False
        self._lock = threading.Lock()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def predict(self, kind: type[P], frame: Frame) -> tuple[P, ...]:
        """Return all predictions of one kind for a frame, in the order of that kind, e.g. most confident first.

        Raises:
            UnsupportedKind: when the service does not support that kind.
            ModelError: when the model fails on this frame or does not answer in time, or the session is closed.
        """
        service = self.service
        if self._closed:
            raise ModelError(f"service {service.name} is not open")
        predict = self._predictors.get(kind)
        if predict is None:
            gives = " and ".join(sorted(service.kinds))
            raise UnsupportedKind(f"service {service.name} gives {gives}, not {kind.plural}")
        if service.stateful:
            return cast(tuple[P, ...], self._run(predict, frame))
        try:
            found = frame.pixels.memo((service._identity, kind), lambda: self._run(predict, frame), service._hangs)
        except CallTimeout:  # whoever asked first still waits, or was given up
            raise ModelError(hanging(f"service {service.name}")) from None
        return cast(tuple[P, ...], found)

    def _run(self, predict: Predictor, frame: Frame) -> tuple[Prediction, ...]:
        found, known = self._answer(predict, frame), tuple(self.service.known_predictions)
        _require_predictions(found, self.service)
        self.service._report_undeclared(kind for kind in {type(each) for each in found} if not issubclass(kind, known))
        return found

    def _answer(self, predict: Predictor, frame: Frame) -> tuple[Prediction, ...]:
        if not self.service.may_hang:
            return predict(frame, self)
        try:
            return self.service._calls.run(lambda: predict(frame, self), INFERENCE_LIMIT.seconds)
        except CallTimeout as error:
            raise ModelError(unanswered(f"service {self.service.name}", error)) from None

    @contextmanager
    def inference(self) -> Iterator[None]:
        """Count and time the block as one inference of this session. For predictors."""
        started = time.perf_counter()
        yield
        self.inferences += 1
        self.service._count(time.perf_counter() - started)

    def close(self) -> None:
        """End the session; the last one of a service releases what it has loaded. Safe to call twice."""
        with self._lock:
            closed, self._closed = self._closed, True
        if not closed:
            self.service._close_session()


def _require_predictions(found: object, service: VisionService[Any]) -> None:
    """Check what a predictor, perhaps of a plugin, returned.

    Raises:
        ModelError: when it is not a sequence of predictions.
    """
    got = ""
    if not isinstance(found, tuple | list):
        got = type(found).__name__
    elif others := {type(each).__name__ for each in found if not isinstance(each, Prediction)}:
        got = f"{type(found).__name__} of {', '.join(sorted(others))}"
    if got:
        raise ModelError(f"service {service.name}: its predictor must return a tuple of predictions, got {got}")


Predictor: TypeAlias = Callable[[Frame, Session], tuple[Prediction, ...]]
"""Returns the predictions of one kind for a frame; counts its inferences on the session."""
