"""What looks at a frame and says what it shows: the base class of every vision service."""

from __future__ import annotations

import threading
import time
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from typing import ClassVar, Generic, Self, TypeVar

from cameras import Attributes, Caption, Classification, Detection, Frame, Segmentation

from .runtimes import RUNTIMES, ModelError, Runtime, RuntimeDeclaration, UnsupportedKind

A = TypeVar("A", bound=Attributes)
T = TypeVar("T")

CLASSIFICATIONS = Classification.plural
DETECTIONS = Detection.plural
SEGMENTATIONS = Segmentation.plural
CAPTIONS = Caption.plural

_thread = threading.local()


def inferences_here() -> int:
    """Return how many inferences the calling thread has run: before and after a call, whether that call ran one."""
    return getattr(_thread, "inferences", 0)


@dataclass(frozen=True)
class ServiceDeclaration:
    """A vision service as declared: its key in ``VISION``, its attributes, and the declared model it names, if any."""

    name: str
    model: str
    attributes: Attributes
    runtime: RuntimeDeclaration | None = None


class VisionService(ABC, Generic[A]):
    """Something that recognises, under a name that transforms and clients know. Safe to use from several threads.

    The constructor keeps values and touches nothing. :meth:`inspect` learns what the service can do. Between
    :meth:`open` and :meth:`close`, which are counted, it may be asked; each picture is looked at once, whoever asks.

    Attributes:
        name: What it is called under ``services:``.
        attributes: What was declared.
        runtime: The declared model that the attributes name, if they name one.
        runtimes: The runtimes there are, by name.
        kinds: What it gives, of ``classifications``, ``detections``, ``segmentations`` and ``captions``; known after
            :meth:`inspect`.
        labels: The names it may give, as far as they are known; known after :meth:`inspect`.
        inferences: How many pictures its model has been run on for it.
        inference_s: How long the last of them took, waiting for other users of the model included.
    """

    model_name: ClassVar[str]
    attributes_type: ClassVar[type[Attributes]]

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
        self._loans = 0
        self._loans_lock = threading.Lock()
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
        """Learn what the service can do, loading its model if need be, and give back what that took.

        Raises:
            ModelError: when the model, or what belongs to it, cannot be used.
        """
        with self.borrowed():
            pass

    def open(self) -> None:
        """Take the service out on loan; the first loan loads what it needs.

        Raises:
            ModelError: when that fails; nothing is on loan then.
        """
        with self._loans_lock:
            if self._loans == 0:
                self._load()
            self._loans += 1

    def close(self) -> None:
        """Give one loan back; the last one lets go of the model. Without a loan nothing happens."""
        with self._loans_lock:
            if self._loans == 0:
                return
            self._loans -= 1
            if self._loans == 0:
                self._release()

    @contextmanager
    def borrowed(self) -> Iterator[Self]:
        """Hold a loan for the length of a ``with`` block."""
        self.open()
        try:
            yield self
        finally:
            self.close()

    def classifications(self, frame: Frame) -> tuple[Classification, ...]:
        """Return everything the frame may show as a whole, most confident first.

        Raises:
            UnsupportedKind: when the service does not classify.
            ModelError: when the model fails on this picture, or the service is not open.
        """
        return self._once(frame, CLASSIFICATIONS, self._classify)

    def detections(self, frame: Frame) -> tuple[Detection, ...]:
        """Return the things in the frame with their boxes, inside the frame, most confident first.

        Raises:
            UnsupportedKind: when the service does not detect.
            ModelError: when the model fails on this picture, or the service is not open.
        """
        return self._once(frame, DETECTIONS, self._detect)

    def segmentations(self, frame: Frame) -> tuple[Segmentation, ...]:
        """Return a mask for each kind of thing in the frame, the one that covers most first.

        Raises:
            UnsupportedKind: when the service does not segment.
            ModelError: when the model fails on this picture, or the service is not open.
        """
        return self._once(frame, SEGMENTATIONS, self._segment)

    def captions(self, frame: Frame) -> tuple[Caption, ...]:
        """Return what the frame shows, in a sentence; several are alternatives, most confident first.

        Raises:
            UnsupportedKind: when the service writes no captions.
            ModelError: when the model fails on this picture, or the service is not open.
        """
        return self._once(frame, CAPTIONS, self._caption)

    def _once(self, frame: Frame, kind: str, look: Callable[[Frame], tuple[T, ...]]) -> tuple[T, ...]:
        if self._loans == 0:
            raise ModelError(f"service {self.name} is not open")
        if kind not in self.kinds:
            raise UnsupportedKind(f"service {self.name} gives {' and '.join(sorted(self.kinds))}, not {kind}")
        return frame.pixels.memo((self._identity, kind), lambda: look(frame))

    @contextmanager
    def _counted(self) -> Iterator[None]:
        """Count one inference and its duration."""
        started = time.perf_counter()
        yield
        with self._count_lock:
            self.inferences += 1
            self.inference_s = time.perf_counter() - started
        _thread.inferences = inferences_here() + 1

    @abstractmethod
    def _load(self) -> None:
        """Get what is needed to look at frames; set ``kinds`` and ``labels``."""

    @abstractmethod
    def _release(self) -> None:
        """Let go of it."""

    def _classify(self, frame: Frame) -> tuple[Classification, ...]:
        raise NotImplementedError

    def _detect(self, frame: Frame) -> tuple[Detection, ...]:
        raise NotImplementedError

    def _segment(self, frame: Frame) -> tuple[Segmentation, ...]:
        raise NotImplementedError

    def _caption(self, frame: Frame) -> tuple[Caption, ...]:
        raise NotImplementedError
