"""What every running camera is: watched or idle, with a newest frame, counts, and viewers that come and go."""

from __future__ import annotations

import logging
import threading
from abc import ABC, abstractmethod
from enum import StrEnum
from typing import Any

from cameras import Frame, Slot

from .clock import Clock, Timer
from .config import CameraConfig
from .meters import Counters, Latency, Rate
from .outlet import Outlet
from .painter import Painter
from .run import Run
from .watch import Watch

logger = logging.getLogger(__name__)


class State(StrEnum):
    """What a camera is doing."""

    IDLE = "idle"
    OPENING = "opening"
    RUNNING = "running"
    OFFLINE = "offline"
    ENDED = "ended"


class RunningCamera(ABC):
    """A camera of the graph, as a source or a line of transforms, running while it is watched.

    Demand is counted here: a watch counts on the camera and on each camera that it comes from. The first starts them,
    the last to leave has them closed after their linger. One lock of the graph guards all coming and going; frames do
    not pass it.

    Attributes:
        config: As declared.
        source: The camera its frames come from; ``None`` when it is a source itself.
        counters: What it has done since the program started.
        latency: How long its stages take.
        rate: How often a frame comes out.
    """

    def __init__(self, config: CameraConfig, source: RunningCamera | None, lock: threading.RLock, clock: Clock) -> None:
        self.config = config
        self.source = source
        self.counters = Counters()
        self.latency = Latency()
        self.rate = Rate(clock.monotonic)
        self._painter = Painter(config.style, self.counters)
        self._clock = clock
        self._chain: tuple[RunningCamera, ...] = (self,) if source is None else (*source._chain, self)
        self._lock = lock
        self._users = 0
        self._kept = 0
        self._run: Run | None = None
        self._last_run: Run | None = None
        self._linger: Timer | None = None
        self._lingers = 0
        self._closed = False
        self._outlet = Outlet()

    @property
    def name(self) -> str:
        """Its name in the configuration."""
        return self.config.name

    @property
    @abstractmethod
    def annotates(self) -> bool:
        """Whether anything in its chain attaches what can be painted."""

    @property
    @abstractmethod
    def state(self) -> State:
        """What it is doing."""

    @property
    @abstractmethod
    def error(self) -> str | None:
        """What is wrong now, in words; ``None`` while all is well."""

    @property
    @abstractmethod
    def frame_rate(self) -> float | None:
        """Frames per second; ``None`` before the first frame."""

    @abstractmethod
    def _work(self, run: Run) -> None:
        """Produce frames until the run is stopping."""

    @property
    def latest(self) -> Frame | None:
        """The newest frame of this life of the camera; ``None`` before the first one and when it is idle."""
        return self._outlet.latest

    @property
    def watched(self) -> bool:
        """Whether anybody wants its frames now."""
        with self._lock:
            return self._users > 0

    def watch(self) -> Watch:
        """Ask for its frames, starting what must run for that. A picture that stands is there at once.

        Raises:
            RuntimeError: when the graph is closed, or the machine gives no more threads.
        """
        slot: Slot[Frame] = Slot()
        self._acquire()
        # Closed meanwhile, it closes the slot: whoever watches sees it.
        self._attach(slot)
        return Watch(slot, lambda: self._leave(slot))

    def keep_running(self) -> None:
        """Have it run without anybody watching, until the graph is closed (``preload: true``)."""
        self._acquire(kept=1)

    def painted(self, frame: Frame) -> Frame:
        """Return one of its frames with the annotations burnt in, as its exits show it.

        Made once per frame whoever asks, on a copy; a frame without annotations is returned as it is.
        """
        return self._painter.painted(frame)

    def status(self) -> dict[str, Any]:
        """Return what ``/api/cameras`` shows of it, without viewers and encoders."""
        latest = self.latest
        rate = self.frame_rate
        return {
            "name": self.name,
            "model": self.config.model,
            "source": None if self.source is None else self.source.name,
            "state": self.state.value,
            "error": self.error,
            "width_px": None if latest is None else latest.width,
            "height_px": None if latest is None else latest.height,
            "frame_rate": None if latest is None or rate is None else round(rate, 2),
            "transforms": self._transforms(),
            "counters": self.counters.summary(),
            "latency_ms": self.latency.summary(),
        }

    def end(self) -> None:
        """End it for good, without waiting for its thread. Its watches see ``SlotClosed``. Harmless twice."""
        with self._lock:
            self._closed = True
            if self._linger is not None:
                self._linger.cancel()
            self._run = None
            run = self._last_run
        self._outlet.close()
        if run is not None:
            run.stop()

    def close(self, limit_s: float | None = None) -> bool:
        """End it for good and wait for its thread, up to a limit; return whether it ended."""
        self.end()
        run = self._last_run
        return run is None or run.wait(limit_s)

    def _transforms(self) -> list[dict[str, Any]]:
        return []

    def _acquire(self, kept: int = 0) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError(f"camera {self.name} is closed")
            for index, camera in enumerate(self._chain):
                try:
                    camera._come(kept)
                except BaseException:
                    for started in self._chain[: index + 1]:
                        started._go(kept)
                    raise

    def _leave(self, slot: Slot[Frame]) -> None:
        with self._lock:
            for camera in reversed(self._chain):
                camera._go()
        self._detach(slot)

    def _come(self, kept: int) -> None:
        self._users += 1
        self._kept += kept
        self._cancel_linger()
        # One that has ended stays so for those who join, and starts again for the first one to come.
        first = self._users == 1 or (not kept and self._users - self._kept == 1)
        if first and self._run is None:
            self._outlet.forget()
            previous = self._last_run
            self._run = self._last_run = Run(f"{self._role} {self.name}", self._work, previous)
            try:
                self._run.thread.start()
            except BaseException:
                self._run, self._last_run = None, previous
                raise

    def _go(self, kept: int = 0) -> None:
        self._users -= 1
        self._kept -= kept
        if self._users == 0 and not self._closed:
            self._cancel_linger()
            number = self._lingers
            self._linger = self._clock.call_later(self.config.linger_s, lambda: self._expire(number))

    def _cancel_linger(self) -> None:
        self._lingers += 1
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None

    def _expire(self, number: int) -> None:
        with self._lock:
            # A timer that was cancelled when it was due already comes all the same, with an old number.
            if self._users or number != self._lingers or self._closed:
                return
            self._linger = None
            run, self._run = self._run, None
        self._outlet.forget()
        self._painter.forget()
        if run is not None:
            run.stop()
        logger.info("camera %s: nobody watches, closed", self.name)

    @property
    def _role(self) -> str:
        return "source" if self.source is None else "line"

    def _attach(self, slot: Slot[Frame]) -> None:
        self._outlet.attach(slot)

    def _detach(self, slot: Slot[Frame]) -> None:
        self._outlet.detach(slot)

    def _publish(self, run: Run, frame: Frame) -> None:
        # A thread that was left behind may come back to life when another one has taken its place.
        if self._outlet.publish(frame, lambda: run is self._run):
            self.rate.tick()
            self.counters.add("frames_out")
