"""The producer of a source: it opens a camera, reads it, and reopens it after each failure."""

from __future__ import annotations

import logging
from collections.abc import Callable

from cameras import (
    Attributes,
    Camera,
    CameraAccessDenied,
    CameraCutShort,
    CameraEnded,
    CameraError,
    CameraUnreachable,
    CodedPicture,
    Frame,
)

from ..execution import BlockingRun, Clock, Executor, Run, release_memory
from ..feeds import Output, Picture, Producer, Reports, State, Timeline
from .bugs import bug_message, must_be
from .retries import RetryPauses

logger = logging.getLogger(__name__)

CHECKS_MAX = 30
"""How often the address of a camera is checked before it is opened nevertheless."""

CHECK_PAUSE_MIN_S = 0.1
"""Shortest pause between two checks, even if a check takes long."""

UNDECODED = 3
"""After so many pictures that were not decoded, the decoder is gone, and its memory is given back."""

_WITH_ERROR = (State.OFFLINE, State.OPENING, State.ENDED)

MakeCamera = Callable[[], Camera[Attributes]]
"""Makes a closed camera, a new one for each attempt to open it."""


class Source(Producer):
    """The frames of one camera device, stream or file.

    Its thread, ``source NAME``, is the only supervisor: when the camera raises, it opens a new one. The time of its
    frames increases over all its runs.

    Args:
        name: Name of the camera.
        make: Makes the camera for each attempt.
        clock: Times the pauses between attempts, and the silence of the camera.
        reports: Counters, latencies and warnings of the camera.
        annotates: Whether the camera's frames come with annotations.
        live: Whether they are captured as they come, not taken from a file.
        may_pass: Whether coded pictures may come too.
    """

    def __init__(
        self,
        name: str,
        make: MakeCamera,
        clock: Clock,
        reports: Reports,
        *,
        annotates: bool = False,
        live: bool = True,
        may_pass: bool = False,
    ) -> None:
        self.annotates = annotates
        self.live = live
        self.may_pass = may_pass
        self._name = name
        self._make = make
        self._clock = clock
        self._reports = reports
        self._timeline = Timeline()
        self._run_state = _RunState(State.IDLE)
        self._frame_rate: float | None = None
        # Kept from run to run: viewers that come and go must not make a camera lock the account.
        self._pauses = RetryPauses()
        self._denied_until_s = 0.0
        self._clock_noted = False

    @property
    def state(self) -> State:
        """The state of the camera; one that hangs is offline until its driver returns."""
        run_state = self._run_state
        return State.OFFLINE if run_state.stall(self._clock.monotonic()) else run_state.state

    @property
    def error(self) -> str | None:
        """The present error; ``None`` without an error."""
        run_state = self._run_state
        stall = run_state.stall(self._clock.monotonic())
        return stall or (run_state.error if run_state.state in _WITH_ERROR else None)

    @property
    def error_lasts(self) -> bool:
        """Whether the camera said, in this run, that further tries will fail too."""
        run_state = self._run_state
        return run_state.state in _WITH_ERROR and run_state.error_lasts

    @property
    def frame_rate(self) -> float | None:
        """Frames per second as the camera declares or measures them; ``None`` before the first opening."""
        return self._frame_rate

    def start(self, output: Output, executor: Executor, previous: Run | None = None) -> Run:
        """Start to open and read the camera."""
        # The last error stays visible until the camera is open.
        run_state = self._run_state = _RunState(State.OPENING, error=self._run_state.error)
        name = f"source {self._name}"
        return executor.start_thread(name, lambda run: self._supervise(run, run_state, output, executor), previous)

    def _supervise(self, run: BlockingRun, run_state: _RunState, output: Output, executor: Executor) -> None:
        self._wait_while_denied(run, run_state)
        while not run.stopping.is_set():
            run_state.state = State.OPENING
            read_before = run_state.read
            camera: Camera[Attributes] | None = None
            failure: BaseException
            try:
                camera = self._make()
                self._read(camera, run, run_state, output, executor)
            except CameraEnded as end:
                cut = isinstance(end, CameraCutShort)
                run_state.error, run_state.error_lasts = (str(end) if cut else None), False
                run_state.state = State.ENDED
                if cut:
                    self._reports.failed(str(end))
                else:
                    logger.info("camera %s: ended", self._name)
                output.end()
                return
            except CameraError as error:
                failure = error
                self._lost(run, run_state, str(error), lasts=error.lasting)
            except BaseException as error:  # a bug here, in a driver or in a library must not end the camera
                failure = error
                logger.debug("camera %s: failed", self._name, exc_info=True)
                self._lost(run, run_state, bug_message(error))
            else:  # the run stops
                return
            self._pause(run, run_state, camera, failure, had_frames=run_state.read > read_before)
            # Its traceback leads back to this function, and the circle would hold the camera and its last frame.
            del failure

    def _wait_while_denied(self, run: BlockingRun, run_state: _RunState) -> None:
        """Wait for the rest of the pause after a denied access, if an earlier run ended during it."""
        remaining_s = self._denied_until_s - self._clock.monotonic()
        if remaining_s > 0:
            run_state.state, run_state.error_lasts = State.OFFLINE, True
            self._clock.pause(run.stopping, remaining_s)

    def _pause(
        self,
        run: BlockingRun,
        run_state: _RunState,
        camera: Camera[Attributes] | None,
        failure: BaseException,
        *,
        had_frames: bool,
    ) -> None:
        """Wait until the camera is to be opened again."""
        pause_s = self._pauses.after(failure, had_frames=had_frames)
        if isinstance(failure, CameraAccessDenied):
            self._denied_until_s = self._clock.monotonic() + pause_s
        self._clock.pause(run.stopping, pause_s)
        if camera is not None and (had_frames or isinstance(failure, CameraUnreachable)):
            self._wait_until_reachable(run, run_state, camera)

    def _wait_until_reachable(self, run: BlockingRun, run_state: _RunState, camera: Camera[Attributes]) -> None:
        """Wait while nothing answers; an attempt to open the camera would then wait for its whole timeout."""
        for _ in range(CHECKS_MAX):
            began_s = self._clock.monotonic()
            if run.stopping.is_set():
                return
            try:
                camera.require_reachable()
            except CameraUnreachable as error:
                run_state.error, run_state.error_lasts = str(error), False
            except Exception:  # a bug in a plugin's camera; opening it will report the error
                return
            else:
                return
            took_s = self._clock.monotonic() - began_s
            self._clock.pause(run.stopping, max(self._pauses.unreachable() - took_s, CHECK_PAUSE_MIN_S))

    def _read(
        self, camera: Camera[Attributes], run: BlockingRun, run_state: _RunState, output: Output, executor: Executor
    ) -> None:
        """Open the camera and read it until it fails, ends, or the run stops."""
        run.on_stop(camera.close)
        run_state.active_at_s, run_state.silence_s = self._clock.monotonic(), camera.silence_s
        lost = _Lost(camera, self._reports)
        try:
            camera.open()
            self._frame_rate = rate = camera.frame_rate
            if camera.silence_s is not None and rate:
                run_state.silence_s = max(camera.silence_s, 3 / rate)
            self._timeline.restart()
            run_state.coded = None
            unread = output.unread
            while not run.stopping.is_set():
                camera.decodes = output.wants_frames
                picture = camera.read_picture()
                lost.count()
                self._frame_rate = camera.frame_rate
                self._note_clock(camera)
                if isinstance(picture, CodedPicture):
                    run_state.coded = picture, self._take_coded(run_state, output, picture)
                    run_state.undecoded = 0 if camera.decodes else run_state.undecoded + 1
                    if run_state.undecoded == UNDECODED:
                        release_memory()
                    continue
                must_be(Frame, picture, f"{type(camera).__name__}.read")
                self._take(run_state, output, picture)
                before, unread = unread, output.unread
                camera.decoding_share = executor.decoding.add(unread=unread > before)
        finally:
            lost.count()
            try:
                camera.close()
            except Exception:  # the error that ended the reading matters more
                logger.debug("camera %s: closing failed", self._name, exc_info=True)

    def _take(self, run_state: _RunState, output: Output, frame: Frame) -> None:
        self._reports.counters.add("decoded")
        coded, run_state.coded = run_state.coded, None
        if coded is not None and frame.pts == coded[0].pts:
            placed = coded[1]
            frame = frame.retimed(placed.pts, placed.time_base, placed.sequence).marked("source")
        else:
            frame = self._placed(run_state, frame)
        output.publish(frame)

    def _take_coded(self, run_state: _RunState, output: Output, picture: CodedPicture) -> CodedPicture:
        placed = self._placed(run_state, picture)
        output.publish_coded(placed)
        return placed

    def _placed(self, run_state: _RunState, picture: Picture) -> Picture:
        """Return a new picture with its place in time; count it, and note that the camera runs."""
        if not picture.trace:
            picture = picture.marked("captured")
        run_state.active_at_s = self._clock.monotonic()
        run_state.read += 1
        captured_s, received_s = picture.trace[0].at_s, picture.received_s
        assert received_s is not None
        self._reports.counters.add("frames_in")
        picture = self._timeline.place(picture, received_s).marked("source")
        self._reports.latency.add("source", picture.trace[-1].at_s - captured_s)
        if run_state.state is not State.RUNNING:
            logger.info("camera %s: running, %d x %d", self._name, picture.width, picture.height)
        run_state.state, run_state.error, run_state.error_lasts = State.RUNNING, None, False
        return picture

    def _note_clock(self, camera: Camera[Attributes]) -> None:
        """Say once that the clock of the camera is wrong."""
        if camera.clock_fault is not None and not self._clock_noted:
            self._clock_noted = True
            logger.warning("camera %s: %s", self._name, camera.clock_fault)

    def _lost(self, run: BlockingRun, run_state: _RunState, message: str, *, lasts: bool = False) -> None:
        if run.stopping.is_set():
            return
        run_state.error, run_state.error_lasts = message, lasts
        run_state.state = State.OFFLINE
        self._reports.failed(f"{message}; retrying")


class _RunState:
    """The state of one run; an abandoned thread writes to its own only.

    Attributes:
        state: The state as its thread knows it.
        error: The last error.
        error_lasts: Whether it lasts.
        read: Number of frames read.
        active_at_s: Time of the last opening or frame, on the clock.
        silence_s: How long the camera may give no frame; ``None`` without a limit.
        coded: The last coded picture as the camera gave it, and with its place in time, until its frame comes.
        undecoded: Number of coded pictures in a row that were not decoded.
    """

    def __init__(self, state: State, error: str | None = None) -> None:
        self.state = state
        self.error = error
        self.error_lasts = False
        self.read = 0
        self.active_at_s = 0.0
        self.silence_s: float | None = None
        self.coded: tuple[CodedPicture, CodedPicture] | None = None
        self.undecoded = 0

    def stall(self, now_s: float) -> str | None:
        """Return an error message when the camera neither gives frames nor fails; otherwise ``None``."""
        limit_s = self.silence_s
        if limit_s is None or self.state not in (State.OPENING, State.RUNNING):
            return None
        return f"no frame for {limit_s:g} s: the driver hangs" if now_s - self.active_at_s > limit_s else None


class _Lost:
    """Counts the pictures that a camera has not made frames of."""

    def __init__(self, camera: Camera[Attributes], reports: Reports) -> None:
        self._camera = camera
        self._counters = reports.counters
        self._dropped = self._left_out = 0

    def count(self) -> None:
        """Count what has come since the last call."""
        dropped, left_out = self._camera.dropped, self._camera.left_out
        more = max(dropped - self._dropped, 0)  # smaller after a close
        shed = max(left_out - self._left_out, 0)
        if more or shed:
            self._counters.add("dropped", more + shed)
            self._counters.add("shed", shed)
        self._dropped, self._left_out = max(dropped, self._dropped), max(left_out, self._left_out)
