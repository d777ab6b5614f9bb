"""The producer of a source: its camera is opened, read, and opened again whenever it is lost."""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable

from cameras import Attributes, Camera, CameraEnded, CameraError, Frame, redact_url

from ..feeds import Clock, Output, Producer, Reports, Run, State, Timeline, retry_pause_s, start_thread

logger = logging.getLogger(__name__)

MakeCamera = Callable[[], Camera[Attributes]]
"""Gives a closed camera, a new one for each try."""


class Source(Producer):
    """The frames of one camera device, stream or file.

    Its thread, ``source NAME``, is the one supervisor: cameras raise, it tries again. The time of its frames goes
    forward over all its runs.

    Args:
        name: Of the camera.
        make: Gives the camera for each try.
        clock: Times the pauses between tries, and silence.
        reports: Where it counts, times and warns.
        annotates: Whether the camera's frames come with annotations.
    """

    def __init__(self, name: str, make: MakeCamera, clock: Clock, reports: Reports, *, annotates: bool = False) -> None:
        self.annotates = annotates
        self._name = name
        self._make = make
        self._clock = clock
        self._reports = reports
        self._timeline = Timeline()
        self._life = _Life(State.IDLE)
        self._declared_rate: float | None = None

    @property
    def state(self) -> State:
        """What it is doing; a camera that hangs is offline until its driver returns."""
        life = self._life
        return State.OFFLINE if life.hangs(self._clock.monotonic()) else life.state

    @property
    def error(self) -> str | None:
        """What is wrong now, in words; ``None`` while all is well."""
        life = self._life
        hangs = life.hangs(self._clock.monotonic())
        return hangs or (life.error if life.state in (State.OFFLINE, State.OPENING) else None)

    @property
    def frame_rate(self) -> float | None:
        """Frames per second as the camera declares them, once it has been opened."""
        return self._declared_rate

    def start(self, output: Output, previous: Run | None = None) -> Run:
        """Begin to open the camera and read it."""
        # What was wrong last time is said until the camera is open.
        life = self._life = _Life(State.OPENING, error=self._life.error)
        return start_thread(f"source {self._name}", lambda run: self._supervise(run, life, output), previous)

    def _supervise(self, run: Run, life: _Life, output: Output) -> None:
        failures = 0
        while not run.stopping.is_set():
            life.state = State.OPENING
            read_before = life.read
            try:
                self._read(run, life, output)
            except CameraEnded:
                logger.info("camera %s: at its end", self._name)
                life.state, life.error = State.ENDED, None
                output.end()
                return
            except CameraError as error:
                self._lost(run, life, str(error))
            except BaseException as error:  # a fault of ours, a driver's or a foreign library's must not end the camera
                logger.debug("camera %s: %s", self._name, redact_url(traceback.format_exc()))
                self._lost(run, life, redact_url(f"{type(error).__name__}: {error}"))
            failures = 1 if life.read > read_before else failures + 1
            self._clock.pause(run.stopping, retry_pause_s(failures))

    def _read(self, run: Run, life: _Life, output: Output) -> None:
        """Open the camera and read it until it is lost, at its end, or the run is to stop."""
        camera = self._make()
        run.on_stop(camera.close)
        life.heard_at_s, life.silence_s = self._clock.monotonic(), camera.silence_s
        dropped = 0
        try:
            camera.open()
            self._declared_rate = rate = camera.frame_rate
            if camera.silence_s is not None and rate:
                life.silence_s = max(camera.silence_s, 3 / rate)
            self._timeline.restart()
            while not run.stopping.is_set():
                frame = camera.read()
                dropped = self._count_dropped(camera, dropped)
                self._take(life, output, frame)
        finally:
            self._count_dropped(camera, dropped)
            try:
                camera.close()
            except Exception:  # what it was lost for matters more
                logger.debug("camera %s: closing failed: %s", self._name, redact_url(traceback.format_exc()))

    def _count_dropped(self, camera: Camera[Attributes], known: int) -> int:
        """Count what has become no frame since there were that many; return how many there are now."""
        dropped = camera.dropped
        if dropped > known:  # less, when it was closed meanwhile
            self._reports.counters.add("dropped", dropped - known)
        return dropped

    def _take(self, life: _Life, output: Output, frame: Frame) -> None:
        if not frame.trace:
            frame = frame.marked("captured")
        life.heard_at_s = self._clock.monotonic()
        life.read += 1
        captured_s = frame.trace[0].at_s
        self._reports.counters.add("decoded")
        self._reports.counters.add("frames_in")
        frame = self._timeline.place(frame, captured_s).marked("source")
        self._reports.latency.add("source", frame.trace[-1].at_s - captured_s)
        if life.state is not State.RUNNING:
            logger.info("camera %s: running, %d x %d", self._name, frame.width, frame.height)
        life.state, life.error = State.RUNNING, None
        output.publish(frame)

    def _lost(self, run: Run, life: _Life, message: str) -> None:
        if run.stopping.is_set():
            return
        life.state, life.error = State.OFFLINE, message
        self._reports.failed(f"{message}; it is tried again")


class _Life:
    """What one run has come to; a thread that was left behind writes to its own only.

    Attributes:
        state: What it is doing, as far as its thread knows.
        error: What was wrong with it last.
        read: Frames that it has read.
        heard_at_s: When the camera was last opened or gave a frame, on the clock.
        silence_s: How long it may give nothing; ``None`` where nobody can say.
    """

    def __init__(self, state: State, error: str | None = None) -> None:
        self.state = state
        self.error = error
        self.read = 0
        self.heard_at_s = 0.0
        self.silence_s: float | None = None

    def hangs(self, now_s: float) -> str | None:
        """Say that the camera neither gives frames nor fails; ``None`` when that is not so."""
        limit_s = self.silence_s
        if limit_s is None or self.state not in (State.OPENING, State.RUNNING):
            return None
        return f"nothing has come for {limit_s:g} s; its driver hangs" if now_s - self.heard_at_s > limit_s else None
