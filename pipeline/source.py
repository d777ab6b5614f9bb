"""A running source: its camera is opened on demand, read by one thread, and opened again whenever it is lost."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from cameras import Attributes, Camera, CameraEnded, CameraError, Frame

from .clock import Clock
from .config import CameraConfig
from .reports import Reports
from .run import Run
from .running import RunningCamera, State
from .timeline import Timeline

logger = logging.getLogger(__name__)

PAUSES_S = (0.5, 1.0, 2.0, 5.0, 10.0)
"""Pauses before a lost camera is tried again, growing with each failure in a row; the last one stays."""


class SourceCamera(RunningCamera):
    """A camera that gives frames of its own.

    Its thread, ``source NAME``, is the one supervisor: cameras raise, it tries again.
    """

    def __init__(
        self,
        config: CameraConfig,
        lock: threading.RLock,
        clock: Clock,
        make: Callable[[CameraConfig], Camera[Attributes]],
    ) -> None:
        super().__init__(config, None, lock, clock)
        self._make = make
        self._timeline = Timeline()
        self._state = State.IDLE
        self._error: str | None = None
        self._declared_rate: float | None = None
        self._silence_s: float | None = None
        self._heard_at_s = 0.0
        self._reports = Reports(logger, f"camera {config.name}", clock.monotonic)

    @property
    def annotates(self) -> bool:
        """Whether anything in its chain attaches what can be painted: a source shows only what it sees."""
        return False

    @property
    def state(self) -> State:
        """What it is doing; a camera that hangs is offline until its driver returns."""
        if self._run is None:
            return State.ENDED if self._state is State.ENDED else State.IDLE
        return State.OFFLINE if self._hanging else self._state

    @property
    def error(self) -> str | None:
        """What is wrong now, in words; ``None`` while all is well."""
        return self._hanging or (self._error if self.state in (State.OFFLINE, State.OPENING) else None)

    @property
    def _hanging(self) -> str | None:
        """In words, that the camera neither gives frames nor fails; ``None`` when that is not so."""
        limit_s = self._silence_s
        if limit_s is None or self._run is None or self._state not in (State.OPENING, State.RUNNING):
            return None
        hangs = self._clock.monotonic() - self._heard_at_s > limit_s
        return f"nothing has come for {limit_s:g} s; its driver hangs" if hangs else None

    @property
    def frame_rate(self) -> float | None:
        """Frames per second as the source declares them, else as they come."""
        return self._declared_rate or self.rate.per_second

    def _work(self, run: Run) -> None:
        failures = 0
        while not run.stopping.is_set():
            self._say(run, State.OPENING, self._error)
            read_before = self.counters["decoded"]
            try:
                self._live(run)
            except CameraEnded:
                logger.info("camera %s: at its end", self.name)
                self._say(run, State.ENDED, None)
                with self._lock:
                    self._run = None if self._run is run else self._run
                return
            except CameraError as error:
                self._lost(run, str(error))
            except BaseException as error:  # a fault of ours, a driver's or a foreign library's must not end the camera
                logger.debug("camera %s", self.name, exc_info=True)
                self._lost(run, f"{type(error).__name__}: {error}")
            failures = 1 if self.counters["decoded"] > read_before else failures + 1
            self._clock.pause(run.stopping, PAUSES_S[min(failures, len(PAUSES_S)) - 1])

    def _live(self, run: Run) -> None:
        """Open the camera and read it until it is lost, at its end, or the run is to stop."""
        camera = self._make(self.config)
        run.on_stop(camera.close)
        self._heard_at_s, self._silence_s = self._clock.monotonic(), camera.silence_s
        dropped = 0
        try:
            camera.open()
            self._declared_rate = rate = camera.frame_rate
            if camera.silence_s is not None and rate:
                self._silence_s = max(camera.silence_s, 3 / rate)
            self._timeline.restart()
            while not run.stopping.is_set():
                frame = camera.read()
                dropped = self._count_dropped(camera, dropped)
                self._take(run, frame)
        finally:
            self._count_dropped(camera, dropped)
            try:
                camera.close()
            except Exception:  # what it was lost for matters more
                logger.debug("camera %s: closing failed", self.name, exc_info=True)

    def _count_dropped(self, camera: Camera[Attributes], known: int) -> int:
        """Count what has become no frame since there were that many; return how many there are now."""
        dropped = camera.dropped
        if dropped > known:  # less, when it was closed meanwhile
            self.counters.add("dropped", dropped - known)
        return dropped

    def _take(self, run: Run, frame: Frame) -> None:
        if not frame.trace:
            frame = frame.marked("captured")
        self._heard_at_s = self._clock.monotonic()
        captured_s = frame.trace[0].at_s
        self.counters.add("decoded")
        self.counters.add("frames_in")
        frame = self._timeline.place(frame, captured_s).marked("source")
        self.latency.add("source", frame.trace[-1].at_s - captured_s)
        if self._state is not State.RUNNING:
            logger.info("camera %s: running, %d x %d", self.name, frame.width, frame.height)
        self._say(run, State.RUNNING, None)
        self._publish(run, frame)

    def _lost(self, run: Run, message: str) -> None:
        if run.stopping.is_set():
            return
        self.counters.add("errors")
        self._say(run, State.OFFLINE, message)
        self._reports.warn(f"{message}; it is tried again")

    def _say(self, run: Run, state: State, error: str | None) -> None:
        if run is self._run:
            self._state, self._error = state, error
