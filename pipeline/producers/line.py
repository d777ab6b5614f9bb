"""The producer of a transform camera: takes the newest frame of its source, applies its transforms."""

from __future__ import annotations

import logging
import threading
from typing import Any

from cameras import Frame, Slot
from transforms import InferenceTransform

from ..feeds import Clock, Feed, FrameTask, Output, Producer, Rate, Reports, Run, State, start_task
from .step import Row, step

logger = logging.getLogger(__name__)


class Line(Producer):
    """The frames of another feed after a row of transforms.

    Its task, ``line NAME``, works on one frame at a time, always the newest: what it is too slow for is dropped on the
    way in and counted. A transform that fails costs what it would have given, never the stream: a recognising one lets
    the frame pass without its annotations, any other loses that frame.

    Args:
        name: Of the camera.
        source: The feed that the frames come from.
        row: The transforms, closed; owned by this line.
        clock: Times stages and the pauses between tries to open the transforms.
        reports: Where it counts, times and warns.
    """

    def __init__(self, name: str, source: Feed, row: Row, clock: Clock, reports: Reports) -> None:
        self.source = source
        self.annotates = row.annotates
        self.row = row
        self._name = name
        self._clock = clock
        self._reports = reports
        self._inferences = {
            index: _InferenceMeter(transform, clock, reports)
            for index, transform in enumerate(row.transforms)
            if isinstance(transform, InferenceTransform)
        }
        self._task: _LineTask | None = None
        # The run that has the transforms open; another one than the newest while that waits for the one before.
        self._holder: _LineTask | None = None

    @property
    def state(self) -> State:
        """What it is doing: what its source does, unless its own transforms cannot be opened."""
        task = self._task
        if task is None:
            return State.IDLE
        if task.error is not None and not task.opened:
            return State.OFFLINE
        state = self.source.state
        return State.OPENING if state is State.RUNNING and not task.published else state

    @property
    def error(self) -> str | None:
        """What is wrong now, here or at the feed that the frames come from; ``None`` while all is well."""
        error = self.source.error
        own = None if self._task is None else self._task.error
        return own or (None if error is None else f"source {self.source.name}: {error}")

    def start(self, output: Output, previous: Run | None = None) -> Run:
        """Begin to open the transforms and to apply them to what comes."""
        self._task = task = _LineTask(self, output)
        return start_task(task, self._clock, previous)

    def transforms(self) -> list[dict[str, Any]]:
        """Return what ``/api/cameras`` shows of its transforms."""
        published = self._task is not None and self._task.published
        summaries = []
        for index, transform in enumerate(self.row.transforms):
            meter = self._inferences.get(index)
            inference = transform if isinstance(transform, InferenceTransform) else None
            summaries.append(
                {
                    "type": transform.type_name,
                    "attributes": transform.attributes.model_dump(mode="json"),
                    "mode": inference.mode if inference else None,
                    "inferences_per_s": round(meter.per_second, 2) if meter else None,
                    "result_age_s": inference.result_age_s if inference and published else None,
                }
            )
        return summaries

    def count_inferences(self) -> None:
        """Count the inferences that its transforms have caused since this was last called, with a frame or between."""
        for meter in self._inferences.values():
            meter.update()


class _InferenceMeter:
    """Counts the inferences of one transform from its total, whenever they ran. Safe from any thread."""

    def __init__(self, transform: InferenceTransform[Any], clock: Clock, reports: Reports) -> None:
        self._transform = transform
        self._counters = reports.counters
        self._rate = Rate(clock.monotonic)
        self._lock = threading.Lock()
        self._counted = transform.inferences

    @property
    def per_second(self) -> float:
        """Inferences per second over the last few seconds; 0.0 until there is enough to tell."""
        return self._rate.per_second or 0.0

    def update(self) -> None:
        """Count what has been added to the total."""
        with self._lock:
            # A run that was left behind may look while another one closes the session: a smaller total is for a moment.
            number = max(self._transform.inferences - self._counted, 0)
            self._counted += number
        self._rate.tick(number)
        self._counters.add_inferences(self._transform.service.name, number)


class _LineTask(FrameTask):
    """One run of a line.

    Attributes:
        opened: Whether its transforms are open.
        published: Whether a frame has come out.
        error: What is wrong now, in words; ``None`` while all is well.
    """

    def __init__(self, line: Line, output: Output) -> None:
        self.name = f"line {line._name}"
        self.frames: Slot[Frame] = Slot()
        self.opened = self.published = False
        self.error: str | None = None
        self._line = line
        self._output = output
        self._reports = line._reports
        self._lost = 0
        self._attached = False

    def open(self) -> None:
        # From now on the transforms are this run's, even if a stuck one before it should come back to life.
        self._line._holder = self
        try:
            for transform in self._line.row.transforms:
                transform.open()
        except BaseException:
            self._close_transforms()
            raise
        self.opened, self.error = True, None
        self._line.source.attach(self.frames)

    def failed_to_open(self, error: BaseException) -> None:
        self._failed(f"{type(error).__name__}: {error}" if not str(error) else str(error))

    def process(self, frame: Frame) -> None:
        reports, line = self._reports, self._line
        dropped = self.frames.statistics.dropped
        reports.counters.add("frames_in")
        reports.counters.add("dropped", dropped - self._lost)
        self._lost = dropped
        done = step(frame, line.row, monotonic=line._clock.monotonic, stopping=lambda: self.frames.closed)
        for stage in done.stages:
            reports.latency.add(f"{stage.index} {stage.transform.type_name}", stage.seconds)
        line.count_inferences()
        for stage in done.failures:
            logger.debug("camera %s: pipeline[%d]", line._name, stage.index, exc_info=stage.error)
            self._failed(f"pipeline[{stage.index}] ({stage.transform.type_name}): {stage.failure}")
        if done.frame is not None:
            if not any(done.failures):
                self.error = None
            self._publish(done.frame.marked(line._name))

    def close(self) -> None:
        self._line.source.detach(self.frames)
        self._close_transforms()
        self._line.count_inferences()
        self.opened = self.published = False

    def _publish(self, frame: Frame) -> None:
        self._reports.latency.add("line", frame.trace[-1].at_s - frame.trace[0].at_s)
        # First, so that whoever sees the frame finds the line running.
        self.published = True
        self._output.publish(frame)

    def _failed(self, message: str) -> None:
        self.error = message
        self._reports.failed(message)

    def _close_transforms(self) -> None:
        if self._line._holder is not self:
            return
        for transform in reversed(self._line.row.transforms):
            try:
                transform.close()
            except Exception:  # the others have something to let go of too
                logger.warning("camera %s: closing %s failed", self._line._name, transform.type_name, exc_info=True)
