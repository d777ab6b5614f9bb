"""Fake cameras, services and clocks that tests control."""

from __future__ import annotations

import gc
import queue
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from fractions import Fraction
from typing import cast

import numpy as np
import pytest

from cameras import (
    Attributes,
    Camera,
    CameraError,
    Caption,
    Classification,
    CodedPicture,
    Detection,
    Frame,
    Keypoints,
    Pixels,
    Prediction,
    Segmentation,
)
from vision import ModelError, Predictor, Session, VisionService


def frame(
    pts: int = 0,
    *,
    width: int = 8,
    height: int = 6,
    color: tuple[int, int, int] = (10, 20, 30),
    time_base: Fraction = Fraction(1, 30),
) -> Frame:
    """Return a small frame of one colour (blue, green, red)."""
    image = np.full((height, width, 3), color, np.uint8)
    return Frame(Pixels.from_bgr(image), pts, time_base, captured_at=1_700_000_000 + float(pts * time_base))


@contextmanager
def no_collection() -> Iterator[None]:
    """Turn the garbage collector off: what only it finds may stay for long in a program."""
    gc.collect()
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


class BusyMachine:
    """A machine so busy that no new thread runs until :meth:`give` gives it a processor."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self._free = threading.Event()
        self._bootstrap = threading.Thread._bootstrap  # type: ignore[attr-defined]
        monkeypatch.setattr(threading.Thread, "_bootstrap", self._delayed())

    def give(self) -> None:
        """Let all threads run."""
        self._free.set()

    def _delayed(self) -> Callable[[threading.Thread], None]:
        def bootstrap(thread: threading.Thread) -> None:
            self._free.wait(10)
            self._bootstrap(thread)

        return bootstrap


class FakeTimer:
    """A scheduled action."""

    def __init__(self, at_s: float, action: Callable[[], None]) -> None:
        self.at_s = at_s
        self.action: Callable[[], None] | None = action

    def cancel(self) -> None:
        """Cancel the action."""
        self.action = None


class FakeClock:
    """A clock that only ``advance`` moves. Pauses return at once and are recorded; tests can wait for them."""

    def __init__(self) -> None:
        self.now_s = 1000.0
        self.pauses: list[float] = []
        self.paused = threading.Semaphore(0)
        self.timers: list[FakeTimer] = []
        self.hold: threading.Event | None = None
        self._lock = threading.Lock()

    def monotonic(self) -> float:
        """Return the seconds of the clock."""
        return self.now_s

    def pause(self, stop: threading.Event, seconds: float) -> bool:
        """Record the pause without waiting for its end, or until ``stop`` or ``hold`` is set if there is one."""
        self.pauses.append(seconds)
        self.paused.release()
        while self.hold is not None and not self.hold.is_set() and not stop.wait(0.001):
            pass
        return stop.wait(0.001)  # endless retries must not take a whole core

    def call_later(self, seconds: float, action: Callable[[], None]) -> FakeTimer:
        """Schedule an action for ``advance``."""
        timer = FakeTimer(self.now_s + seconds, action)
        with self._lock:
            self.timers.append(timer)
        return timer

    def advance(self, seconds: float) -> None:
        """Advance the time and run the actions that are due."""
        self.now_s += seconds
        with self._lock:
            due = [timer for timer in self.timers if timer.at_s <= self.now_s]
            self.timers = [timer for timer in self.timers if timer.at_s > self.now_s]
        for timer in due:
            if timer.action is not None:
                timer.action()

    def close(self) -> None:
        """Drop all scheduled actions."""
        self.timers.clear()


class NoAttributes(Attributes):
    """No attributes."""


class FakeCamera(Camera[Attributes]):
    """A camera whose ``read`` returns frames, or raises exceptions, of the test; it counts how often it was opened."""

    model_name = "fake"
    attributes_type = NoAttributes

    def __init__(self, name: str = "fake") -> None:
        super().__init__(name, NoAttributes())
        self.items: queue.SimpleQueue[Frame | CodedPicture | Exception] = queue.SimpleQueue()
        self.opened = 0
        self.closed = threading.Event()
        self.refuses: list[Exception] = []
        self.declared_rate: float | None = 30.0
        self.losses = 0
        self.shed = 0
        self.fault: str | None = None
        self.unreachable: list[Exception] = []

    @property
    def frame_rate(self) -> float | None:
        """The value of the test."""
        return self.declared_rate

    @property
    def dropped(self) -> int:
        """The value of the test."""
        return self.losses

    @property
    def left_out(self) -> int:
        """The value of the test."""
        return self.shed

    @property
    def clock_fault(self) -> str | None:
        """The value of the test."""
        return self.fault

    def require_reachable(self) -> None:
        """Raise the next of ``unreachable``."""
        if self.unreachable:
            raise self.unreachable.pop(0)

    def give(self, *items: Frame | Exception) -> None:
        """Queue frames for ``read`` to return, and exceptions for it to raise."""
        for item in items:
            self.items.put(item)

    def open(self) -> None:
        """Count the call, or raise the next of ``refuses``."""
        self.closed.clear()
        if self.refuses:
            raise self.refuses.pop(0)
        self.opened += 1

    def read(self) -> Frame:
        """Wait for the next frame or exception of the test."""
        item = self.items.get()
        if isinstance(item, Exception):
            try:
                raise item
            finally:
                del item  # its traceback leads back here
        return cast(Frame, item)

    def close(self) -> None:
        """End a waiting ``read``."""
        if not self.closed.is_set():
            self.closed.set()
            self.items.put(CameraError("closed"))


def coded(
    pts: int = 0,
    *,
    is_key: bool = False,
    width: int = 8,
    height: int = 6,
    time_base: Fraction = Fraction(1, 30),
    data: bytes | None = None,
) -> CodedPicture:
    """Return a coded picture; by default its data has a slice only, which nobody can decode."""
    made = (b"\0\0\0\1\x65" if is_key else b"\0\0\0\1\x41") + b"\x88" * 20 if data is None else data
    return CodedPicture(made, is_key, width, height, pts, time_base, 1_700_000_000 + float(pts * time_base))


class FakeStream(FakeCamera):
    """A camera that gives coded pictures of the test, and after each its frame if it decodes."""

    may_pass = True

    def __init__(self, name: str = "fake") -> None:
        super().__init__(name)
        self._undecoded: CodedPicture | None = None

    def give_coded(self, *pictures: CodedPicture) -> None:
        """Queue coded pictures for ``read_picture`` to return."""
        for picture in pictures:
            self.items.put(picture)

    def read_picture(self) -> Frame | CodedPicture:
        """Return the frame of the last coded picture if it decodes, else wait for the next item of the test."""
        picture, self._undecoded = self._undecoded, None
        if picture is not None and self.decodes:
            return frame(picture.pts, width=picture.width, height=picture.height, time_base=picture.time_base)
        item = self.items.get()
        if isinstance(item, Exception):
            try:
                raise item
            finally:
                del item
        if isinstance(item, CodedPicture):
            self._undecoded = item
        return item


class FakeVision(VisionService[Attributes]):
    """A vision service with fixed predictions; it counts its inferences, one per picture."""

    model_name = "fake"
    attributes_type = NoAttributes

    def __init__(
        self,
        name: str = "fake",
        classifications: Sequence[Classification] = (),
        detections: Sequence[Detection] = (),
        segmentations: Sequence[Segmentation] = (),
        captions: Sequence[Caption] = (),
        keypoints: Sequence[Keypoints] = (),
        kinds: Iterable[str] = ("classifications", "detections"),
    ) -> None:
        super().__init__(name, NoAttributes())
        self.classified = tuple(classifications)
        self.detected = detections if isinstance(detections, tuple) else tuple(detections)
        self.segmented = tuple(segmentations)
        self.captioned = tuple(captions)
        self.pointed = tuple(keypoints)
        self.kinds = frozenset(kinds)
        self.loaded = False
        self.fails: Exception | None = None

    def _load(self) -> None:
        if self.fails is not None:
            raise self.fails
        self.loaded = True

    def _release(self) -> None:
        self.loaded = False

    def _predictors(self) -> Mapping[type[Prediction], Predictor]:
        def counted(method: str) -> Predictor:
            def predict(frame: Frame, session: Session) -> tuple[Prediction, ...]:
                with session.inference():
                    found: tuple[Prediction, ...] = getattr(self, method)(frame)
                    return found

            return predict

        methods: dict[type[Prediction], str] = {
            Classification: "_classify",
            Detection: "_detect",
            Segmentation: "_segment",
            Caption: "_caption",
            Keypoints: "_find_points",
        }
        return {kind: counted(method) for kind, method in methods.items() if kind.plural in self.kinds}

    def _classify(self, frame: Frame) -> tuple[Classification, ...]:
        return self.classified

    def _detect(self, frame: Frame) -> tuple[Detection, ...]:
        return self.detected

    def _segment(self, frame: Frame) -> tuple[Segmentation, ...]:
        return self.segmented

    def _caption(self, frame: Frame) -> tuple[Caption, ...]:
        return self.captioned

    def _find_points(self, frame: Frame) -> tuple[Keypoints, ...]:
        return self.pointed


class CountingVision(VisionService[Attributes]):
    """A stateful vision service: it classifies each frame as the number of frames in its session."""

    model_name = "counting"
    attributes_type = NoAttributes
    stateful = True

    def __init__(self, name: str = "counting") -> None:
        super().__init__(name, NoAttributes())
        self.kinds = frozenset({"classifications"})
        self.loaded = False
        self.broken = False

    def _load(self) -> None:
        self.loaded = True

    def _release(self) -> None:
        self.loaded = False

    def _predictors(self) -> Mapping[type[Prediction], Predictor]:
        if self.broken:
            raise ModelError("broken")
        shown: list[Frame] = []

        def classify(frame: Frame, session: Session) -> tuple[Classification, ...]:
            with session.inference():
                shown.append(frame)
                return (Classification(str(len(shown)), 1.0),)

        return {Classification: classify}
