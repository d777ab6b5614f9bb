"""What looks at a frame and says what it shows: the base class of every vision service, and sessions that ask it."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from types import TracebackType
from typing import Any, ClassVar, Generic, Self, TypeAlias, TypeVar, cast

from cameras import Attributes, Frame, Prediction

from .runtimes import RUNTIMES, ModelError, Runtime, RuntimeDeclaration, UnsupportedKind

A = TypeVar("A", bound=Attributes)
P = TypeVar("P", bound=Prediction)


@dataclass(frozen=True)
class ServiceDeclaration:
    """A declared vision service: its key in ``VISION_SERVICES``, its attributes, and the model they name, if any."""

    name: str
    model: str
    attributes: Attributes
    runtime: RuntimeDeclaration | None = None


class VisionService(ABC, Generic[A]):
    """Something that recognises, under a name that transforms and clients know. Safe to use from several threads.

    The constructor keeps values and touches nothing. :meth:`inspect` learns what the service can do. Each asker opens a
    session of its own and asks through it; the first session loads what the service needs, the last one to be closed
    releases it. A service says what it answers, and with what::

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
        name: What it is called under ``services:``.
        attributes: What was declared.
        runtime: The declared model that the attributes name, if they name one.
        runtimes: The runtimes there are, by name.
        stateful: Whether an answer depends on the frames that the session has shown before. If not, it is remembered
            with the picture, and whoever else asks about that picture gets it without an inference.
        kinds: The kinds of predictions that it gives, by their plurals; known after :meth:`inspect`.
        labels: The names it may give, as far as they are known; known after :meth:`inspect`.
        inferences: How many inferences all sessions together have caused.
        inference_s: How long the last of them took, waiting for other users of the model included.
    """

    model_name: ClassVar[str]
    attributes_type: ClassVar[type[Attributes]]
    stateful: ClassVar[bool] = False

    def __init__(
        self,
        name: str,
        attributes: A,
        runtime: RuntimeDeclaration | None = None,
        *,
        runtimes: Mapping[str, type[Runtime]] | None = None,
    ) -> None:
        """Keep the settings; ``runtimes`` are those of this room when not given."""
        self.name = name
        self.attributes = attributes
        self.runtime = runtime
        self.runtimes = RUNTIMES if runtimes is None else runtimes
        self.kinds: frozenset[str] = frozenset()
        self.labels: tuple[str, ...] = ()
        self.inferences = 0
        self.inference_s = 0.0
        self._sessions = 0
        self._sessions_lock = threading.Lock()
        self._count_lock = threading.Lock()
        self._identity = object()  # not id(self): a number can be given again while a picture still remembers it

    @classmethod
    def needs(cls, attributes: A) -> str | None:
        """Return the name of the declared model (``type: mlmodel``) that such a service runs, if it runs one."""
        return None

    @classmethod
    def default_camera(cls, attributes: A) -> str | None:
        """Return the name of the camera to look at when a client names none, where one is declared."""
        return None

    def inspect(self) -> None:
        """Learn what the service can do, loading its model if need be, and release what that took.

        Raises:
            ModelError: when the model, or what belongs to it, cannot be used.
        """
        self.open_session().close()

    def open_session(self) -> Session:
        """Return a session for one asker; the first one loads what the service needs.

        Raises:
            ModelError: when that fails; nothing stays loaded then.
        """
        with self._sessions_lock:
            if self._sessions == 0:
                self._load()
            try:
                predictors = self._predictors()
            except BaseException:
                if self._sessions == 0:
                    self._release()
                raise
            self.kinds = frozenset(kind.plural for kind in predictors)
            self._sessions += 1
        return Session(self, predictors)

    def _close_session(self) -> None:
        """Count a session out; the last one releases what was loaded. For :class:`Session` only."""
        with self._sessions_lock:
            self._sessions -= 1
            if self._sessions == 0:
                self._release()

    def _count(self, inference_s: float) -> None:
        """Count one inference. For :class:`Session` only."""
        with self._count_lock:
            self.inferences += 1
            self.inference_s = inference_s

    @abstractmethod
    def _load(self) -> None:
        """Get what is needed to look at frames, or leave nothing loaded; set ``labels``."""

    @abstractmethod
    def _release(self) -> None:
        """Release it."""

    @abstractmethod
    def _predictors(self) -> Mapping[type[Prediction], Predictor]:
        """Return what answers each kind of question; called for each session, once the service is loaded.

        What a stateful service knows of an asker's frames is kept in objects that are made here.
        """


class Session:
    """A vision service as one asker has it; it keeps the service loaded until it is closed.

    Several threads may ask at once, so the answers of a stateful service guard their state. Closing twice is harmless.

    Attributes:
        service: Who is asked.
        inferences: How many inferences were run for this session. An answer that was remembered with the picture cost
            none.
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
        """Return everything of a kind that the frame shows, in the order of that kind: the surest first, say.

        Raises:
            UnsupportedKind: when the service does not give that kind.
            ModelError: when the model fails on this picture, or the session is closed.
        """
        service = self.service
        if self._closed:
            raise ModelError(f"service {service.name} is not open")
        predict = self._predictors.get(kind)
        if predict is None:
            gives = " and ".join(sorted(service.kinds))
            raise UnsupportedKind(f"service {service.name} gives {gives}, not {kind.plural}")
        if service.stateful:
            return cast(tuple[P, ...], predict(frame, self))
        found = frame.pixels.memo((service._identity, kind), lambda: predict(frame, self))
        return cast(tuple[P, ...], found)

    @contextmanager
    def inference(self) -> Iterator[None]:
        """Count what the block does as one inference of this session. For the answers of a service."""
        started = time.perf_counter()
        yield
        self.inferences += 1
        self.service._count(time.perf_counter() - started)

    def close(self) -> None:
        """Stop asking; the last session of a service releases what it has loaded."""
        with self._lock:
            closed, self._closed = self._closed, True
        if not closed:
            self.service._close_session()


Predictor: TypeAlias = Callable[[Frame, Session], tuple[Prediction, ...]]
"""What a service says of a frame; inferences count for the session that asks."""
