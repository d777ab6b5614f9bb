"""A running transform camera: takes the newest frame of its source, applies its transforms, publishes the result."""

from __future__ import annotations

import logging
import threading
from typing import Any

from cameras import Attributes, Frame, Slot, SlotClosed
from transforms import Asking, Transform

from .clock import Clock
from .config import CameraConfig, TransformAttributes
from .meters import Rate
from .reports import Reports
from .run import Run
from .running import RunningCamera, State
from .source import PAUSES_S

logger = logging.getLogger(__name__)


class Line(RunningCamera):
    """A camera whose frames are those of another one after a list of transforms.

    Its thread, ``line NAME``, works on one frame at a time, always the newest: what it is too slow for is dropped at
    its entrance and counted. A transform that fails costs what it would have given, never the stream: a recognising
    one lets the frame pass without its annotations, any other loses that frame.
    """

    def __init__(
        self,
        config: CameraConfig,
        source: RunningCamera,
        transforms: tuple[Transform[Attributes], ...],
        lock: threading.RLock,
        clock: Clock,
    ) -> None:
        super().__init__(config, source, lock, clock)
        self.transforms = transforms
        self._rates = [Rate(clock.monotonic) for _ in transforms]
        self._error: str | None = None
        self._opened = False
        self._holder: Run | None = None
        self._reports = Reports(logger, f"camera {config.name}", clock.monotonic)

    @property
    def annotates(self) -> bool:
        """Whether anything in its chain attaches what can be painted."""
        return any(transform.annotates for transform in self.transforms) or self._origin.annotates

    @property
    def state(self) -> State:
        """What it is doing: what its source does, unless its own transforms cannot be opened."""
        if self._run is None:
            return State.IDLE
        if self._error is not None and not self._opened:
            return State.OFFLINE
        state = self._origin.state
        return State.OPENING if state is State.RUNNING and self.latest is None else state

    @property
    def error(self) -> str | None:
        """What is wrong now, here or at the camera it comes from; ``None`` while all is well."""
        if self._run is None:
            return None
        origin = self._origin.error
        return self._error or (None if origin is None else f"source {self._origin.name}: {origin}")

    @property
    def frame_rate(self) -> float | None:
        """Frames per second as they come out."""
        return self.rate.per_second or self._origin.frame_rate

    @property
    def _origin(self) -> RunningCamera:
        assert self.source is not None
        return self.source

    def _transforms(self) -> list[dict[str, Any]]:
        summaries = []
        for transform, rate in zip(self.transforms, self._rates, strict=True):
            asks = isinstance(transform, Asking)
            summaries.append(
                {
                    "type": transform.type_name,
                    "attributes": transform.attributes.model_dump(mode="json"),
                    "mode": "sync" if asks else None,
                    "inferences_per_s": round(rate.per_second or 0.0, 2) if asks else None,
                    # A result of this very frame has no age.
                    "result_age_s": 0.0 if asks and self.latest is not None else None,
                }
            )
        return summaries

    def _work(self, run: Run) -> None:
        slot: Slot[Frame] = Slot()
        run.on_stop(slot.close)
        # From now on the transforms are this run's, even if a stuck one before it should come back to life.
        self._holder = run
        try:
            if self._open(run):
                self._origin._attach(slot)
                self._loop(run, slot)
        finally:
            self._origin._detach(slot)
            if self._holder is run:
                self._opened = False
                self._close_transforms()

    def _open(self, run: Run) -> bool:
        """Open the transforms, trying again until it works or the run is to stop; return whether it worked."""
        failures = 0
        while not run.stopping.is_set():
            try:
                for transform in self.transforms:
                    transform.open()
            except BaseException as error:  # whatever a model file or a foreign transform does
                self._close_transforms()
                self._failed(f"{type(error).__name__}: {error}" if not str(error) else str(error))
                failures += 1
                self._clock.pause(run.stopping, PAUSES_S[min(failures, len(PAUSES_S)) - 1])
            else:
                if self._holder is run:
                    self._opened, self._error = True, None
                return True
        return False

    def _close_transforms(self) -> None:
        for transform in reversed(self.transforms):
            try:
                transform.close()
            except Exception:  # the others have something to let go of too
                logger.warning("camera %s: closing %s failed", self.name, transform.type_name, exc_info=True)

    def _loop(self, run: Run, slot: Slot[Frame]) -> None:
        lost = 0
        while True:
            try:
                frame = slot.get()
            except SlotClosed:
                return
            statistics = slot.statistics
            self.counters.add("frames_in")
            self.counters.add("dropped", statistics.dropped - lost)
            lost = statistics.dropped
            transformed = self._apply(run, frame)
            if transformed is not None:
                self._publish(run, transformed)

    def _apply(self, run: Run, frame: Frame) -> Frame | None:
        """Return what comes out of the line for a frame; ``None`` when that frame is lost."""
        well = True
        if isinstance(self.config.attributes, TransformAttributes):
            frame = self.config.attributes.entering(frame)
        for index, (transform, rate) in enumerate(zip(self.transforms, self._rates, strict=True)):
            if run.stopping.is_set():
                return None
            stage = f"{index} {transform.type_name}"
            started_s = self._clock.monotonic()
            asks = transform if isinstance(transform, Asking) else None
            inferences = asks.inferences if asks is not None else 0
            try:
                frame = transform.apply(frame)
            except BaseException as error:  # a panic of a foreign library is none of Python's Exceptions
                well = False
                logger.debug("camera %s: pipeline[%d]", self.name, index, exc_info=True)
                self._failed(f"pipeline[{index}] ({transform.type_name}): {error or type(error).__name__}")
                if not transform.annotates:
                    return None
            else:
                if transform.trouble is not None:
                    well = False
                    self._failed(f"pipeline[{index}] ({transform.type_name}): {transform.trouble}")
            if asks is not None:
                rate.tick()
                # None, where another camera has asked the same service about the same picture.
                self.counters.add_inferences(asks.service.name, asks.inferences - inferences)
            self.latency.add(stage, self._clock.monotonic() - started_s)
        if well:
            self._error = None
        frame = frame.marked(self.name)
        if frame.trace:
            self.latency.add("line", frame.trace[-1].at_s - frame.trace[0].at_s)
        return frame

    def _failed(self, message: str) -> None:
        self.counters.add("errors")
        self._error = message
        self._reports.warn(message)
