"""The producer of a transform camera: it applies transforms to the newest frame of its source."""

from __future__ import annotations

import dataclasses
import logging
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any, ClassVar

from cameras import Attributes, Frame, Slot, safe_text
from transforms import InferenceTransform, Transform

from ..camera_config import CameraConfig, TransformAttributes
from ..execution import Clock, Executor, FrameTask, Run, TaskRun
from ..feeds import Feed, Output, Rate, Reports, State, wait_of
from .bugs import bug_message
from .kind import DeclaredProducer, ProducerContext
from .step import OpenError, Row, Step, make_transforms, step
from .waiting import Waiting

logger = logging.getLogger(__name__)

REPEAT_S = 0.25
"""How long other attributes wait for the next frame, before the last one is transformed again to show them."""

STUCK_S = 10.0
"""A transform that works longer on one frame is reported while it does."""


class Line(DeclaredProducer):
    """Applies a row of transforms to the frames of another feed.

    Its task, ``line NAME``, processes one frame at a time, always the newest: frames that it is too slow for are
    dropped at its input and counted. A failing transform never ends the stream: if it annotates, the frame passes
    without its annotations, otherwise that frame is lost.

    Args:
        name: Name of the camera.
        source: The source feed.
        row: The transforms, closed; owned by this line.
        clock: Times the stages.
        reports: Counters, latencies and warnings of the camera.
    """

    opens_beside = True
    model_name: ClassVar[str] = "transform"
    attributes_type: ClassVar[type[Attributes]] = TransformAttributes

    def __init__(self, name: str, source: Feed, row: Row, clock: Clock, reports: Reports) -> None:
        self.source = source
        self.annotates = row.annotates
        self.hides = tuple((type(each), each.attributes) for each in row.transforms if each.hides)
        self.row = row
        self._name = name
        self._clock = clock
        self._lock = threading.Lock()
        # What the transforms take at the next turn, and what they have then.
        self._pending: TransformAttributes | None = None
        self._attributes = tuple(transform.attributes for transform in row.transforms)
        self._reports = reports
        self.inferences = tuple(each for each in row.transforms if isinstance(each, InferenceTransform))
        self._meters = {
            index: _InferenceMeter(transform, clock, reports)
            for index, transform in enumerate(row.transforms)
            if isinstance(transform, InferenceTransform)
        }
        self._task: _LineTask | None = None
        self._run: TaskRun | None = None
        # The run that has the transforms open; not the newest one while that waits for the previous run.
        self._holder: _LineTask | None = None

    @classmethod
    def make(cls, config: CameraConfig, reports: Reports, context: ProducerContext) -> Line:
        """Return the line of a transform camera."""
        declared = config.attributes
        assert isinstance(declared, TransformAttributes)
        row = Row(make_transforms(declared, context.services, context.transforms), declared)
        return cls(config.name, context.feeds[declared.source], row, context.clock, reports)

    @classmethod
    def exchanges(
        cls, before: TransformAttributes, after: TransformAttributes, transforms: Mapping[str, type[Transform[Any]]]
    ) -> bool:
        """Return whether the transforms are the same, and differ only in what each can exchange; or the lens does."""
        if before.source != after.source or len(before.pipeline) != len(after.pipeline):
            return False
        return all(
            old.type == new.type and transforms[new.type].exchanges(old.attributes, new.attributes)
            for old, new in zip(before.pipeline, after.pipeline, strict=True)
        )

    @property
    def origin(self) -> Feed:
        """Its source."""
        return self.source

    @property
    def state(self) -> State:
        """The state of its source, unless its own transforms cannot be opened."""
        task = self._task
        if task is None:
            return State.IDLE
        if task.error is not None and not task.opened:
            return State.OFFLINE
        state = self.source.state
        return State.OPENING if state is State.RUNNING and not task.published else state

    @property
    def error_lasts(self) -> bool:
        """Whether the error of its source lasts."""
        return self.source.error_lasts

    @property
    def error(self) -> str | None:
        """The present error of the line or its source; ``None`` without an error."""
        error = self.source.error
        own = None if self._task is None else self._task.error
        return own or (None if error is None else f"source {self.source.name}: {error}")

    def start(self, output: Output, executor: Executor, previous: Run | None = None) -> Run:
        """Start to open the transforms and apply them to frames."""
        self._task = task = _LineTask(self, output)
        self._run = executor.start_task(task, previous)
        return self._run

    def exchange(self, attributes: Attributes) -> None:
        """Have its transforms take other attributes between two frames.

        No frame is lost, and the transforms keep their sessions and their state. Where no next frame comes, as when a
        file has ended, the last one is transformed again.
        """
        assert isinstance(attributes, TransformAttributes)
        with self._lock:
            self._pending = attributes
            self._attributes = tuple(entry.attributes for entry in attributes.pipeline)
            task, run = self._task, self._run
        if task is not None and run is not None:
            task.repeat_soon()
            run.wake()

    def take_attributes(self) -> Iterator[str]:
        """Give the transforms the attributes of :meth:`exchange`, on the thread that uses them; yield errors."""
        with self._lock:
            attributes, self._pending = self._pending, None
        if attributes is None:
            return
        self.row = dataclasses.replace(self.row, declared=attributes)
        for index, (transform, entry) in enumerate(zip(self.row.transforms, attributes.pipeline, strict=True)):
            if transform.attributes != entry.attributes:
                try:
                    transform.exchange(entry.attributes)
                except Exception as error:  # of a plugin
                    yield f"pipeline[{index}] ({transform.type_name}): {bug_message(error)}"

    def transforms(self) -> list[dict[str, Any]]:
        """Return its transforms as ``/api/cameras`` shows them."""
        published = self._task is not None and self._task.published
        summaries = []
        for index, (transform, attributes) in enumerate(zip(self.row.transforms, self._attributes, strict=True)):
            meter = self._meters.get(index)
            inference = transform if isinstance(transform, InferenceTransform) else None
            summaries.append(
                {
                    "type": transform.type_name,
                    "attributes": without_secrets_in(attributes.model_dump(mode="json")),
                    "mode": inference.mode if inference else None,
                    "inferences_per_s": round(meter.per_second, 2) if meter else None,
                    "result_age_s": inference.result_age_s if inference and published else None,
                }
            )
        return summaries

    def count_inferences(self) -> None:
        """Count the inferences of its transforms since the last call, on frames or between them."""
        for meter in self._meters.values():
            meter.update()


def without_secrets_in(value: Any) -> Any:
    """Return plain values without secrets: a transform of a plugin may have a URL among its attributes."""
    if isinstance(value, dict):
        return {without_secrets_in(key): without_secrets_in(inner) for key, inner in value.items()}
    if isinstance(value, list):
        return [without_secrets_in(inner) for inner in value]
    return safe_text(value) if isinstance(value, str) else value


class _InferenceMeter:
    """Counts the inferences of one transform from its total. Safe from any thread."""

    def __init__(self, transform: InferenceTransform[Any], clock: Clock, reports: Reports) -> None:
        self._transform = transform
        self._counters = reports.counters
        self._rate = Rate(clock.monotonic)
        self._lock = threading.Lock()
        self._counted = transform.inferences

    @property
    def per_second(self) -> float:
        """Inferences per second over the last few seconds; 0.0 while the span is too short."""
        return self._rate.per_second or 0.0

    def update(self) -> None:
        """Count the increase of the total."""
        with self._lock:
            # An abandoned run may read the total while another one closes the session: it is smaller for a moment.
            number = max(self._transform.inferences - self._counted, 0)
            self._counted += number
        self._rate.tick(number)
        self._counters.add_inferences(self._transform.service.name, number)


class _LineTask(FrameTask):
    """One run of a line.

    Attributes:
        opened: Whether its transforms are open.
        published: Whether it has published a frame.
        error: The present error; ``None`` without an error.
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
        self._lock = threading.Lock()
        # The present turn, unless it was given up, and the transform in which each of those is.
        self._turn: object = None
        self._at = 0
        self._reported = False
        self._given_up: dict[object, int] = {}
        self._repeat_at_s: float | None = None
        self._waiting = Waiting([transform.delay_s for transform in line.row.transforms])

    def open(self) -> None:
        # From now on this run owns the transforms, even if an abandoned run continues.
        self._line._holder = self
        self._take_attributes()
        try:
            self._line.row.open()
        except BaseException:
            self._close_transforms()
            raise
        self.opened, self.error = True, None
        self._line.source.attach(self.frames)

    def failed_to_open(self, error: BaseException) -> None:
        self._failed(str(error) if isinstance(error, OpenError) else bug_message(error))
        self._output.failed()

    def process(self, frame: Frame) -> None:
        reports, line = self._reports, self._line
        dropped = self.frames.statistics.dropped
        reports.counters.add("frames_in")
        reports.counters.add("dropped", dropped - self._lost)
        reports.counters.add("shed", dropped - self._lost)
        self._lost = dropped
        self._repeat_at_s = None
        if frame.trace:
            reports.latency.add("source", frame.trace[-1].at_s - frame.trace[0].at_s)
            frame = self._waited(frame)
        live = line.source.live  # a new configuration may give the source another producer
        for transform in line.inferences:
            transform.live = live
        with self._new_turn() as turn:
            self._step(turn, frame)
            self._continue(turn)

    def repeat_soon(self) -> None:
        """Transform the newest frame of the source again, unless the next one comes before. Safe from any thread."""
        self._repeat_at_s = self._line._clock.monotonic() + REPEAT_S

    def due_in_s(self) -> float | None:
        now_s, repeat_at_s = self._line._clock.monotonic(), self._repeat_at_s
        due_s = self._waiting.due_in_s(now_s)
        if repeat_at_s is None:
            return due_s
        repeat_s = max(repeat_at_s - now_s, 0.0)
        return repeat_s if due_s is None else min(due_s, repeat_s)

    def idle(self) -> None:
        """Continue with the frames that have waited long enough, and repeat one if that is due."""
        now_s = self._line._clock.monotonic()
        with self._new_turn() as turn:
            if self._repeat_at_s is not None and self._repeat_at_s <= now_s:
                self._repeat_at_s = None
                source = self._line.source
                # A camera that is lost gives no newer picture: it must not look as if it did.
                if source.state in (State.RUNNING, State.ENDED) and (last := source.latest) is not None:
                    # Its time in the pipeline begins now.
                    self._step(turn, dataclasses.replace(last, trace=()).marked("captured", now_s))
            self._continue(turn)

    @contextmanager
    def _new_turn(self) -> Iterator[object]:
        turn = self._turn = object()
        self._reported = False
        self._take_attributes()
        try:
            yield turn
        finally:
            with self._lock:
                if self._turn is turn:
                    self._turn = None
                self._given_up.pop(turn, None)

    def _take_attributes(self) -> None:
        for error in self._line.take_attributes():
            self._failed(error)

    def _continue(self, turn: object) -> None:
        while self._turn is turn and (over := self._waiting.next(self._line._clock.monotonic())) is not None:
            frame, index, failed = over
            self._step(turn, self._waited(frame), index, failed)

    def _step(self, turn: object, frame: Frame, waited_at: int | None = None, failed: bool = False) -> None:
        """Apply the transforms to a frame, and publish it or keep it waiting; ``failed``: one before has failed."""
        line = self._line
        failed = failed or bool(self._given_up)
        # Not in a variable here: a traceback in the result leads back to this function.
        self._take(
            turn,
            step(
                frame,
                line.row,
                waited_at=waited_at,
                monotonic=line._clock.monotonic,
                stops_at=lambda index: self._stops_at(turn, index),
                left_out=frozenset(self._given_up.values()),
            ),
            failed,
        )

    def _waited(self, frame: Frame) -> Frame:
        """Return a frame that has waited for this line, and is taken up now."""
        return frame.marked(wait_of(self._line._name))

    def _take(self, turn: object, done: Step, failed: bool) -> None:
        """Report the result of a step, and publish its frame or keep it waiting."""
        if self._turn is not turn:
            return
        reports, line = self._reports, self._line
        for stage in done.stages:
            reports.latency.add(f"{stage.index} {stage.transform.type_name}", stage.seconds)
        line.count_inferences()
        for stage in done.failures:
            logger.debug("camera %s: pipeline[%d]", line._name, stage.index, exc_info=stage.error)
            self._failed(f"pipeline[{stage.index}] ({stage.transform.type_name}): {stage.failure}")
        failed = failed or any(done.failures)
        if done.waits_at is not None and done.frame is not None:
            self._waiting.add(done.frame.marked("announced"), done.waits_at, failed, line._clock.monotonic())
        elif done.frame is not None:
            if not failed:
                self.error = None
            self._publish(done.frame.marked(line._name))

    @property
    def given_up_after_s(self) -> float | None:
        """``STUCK_S`` in a transform that annotates."""
        return STUCK_S if self._line.row.transforms[self._at].annotates else None

    def runs_long(self, seconds: float) -> bool:
        """Report a transform that is stuck; if it annotates, let the frames pass without it."""
        if seconds < STUCK_S:
            return False
        with self._lock:
            if self._turn is None:  # it has just returned
                return False
            index = self._at
            transform = self._line.row.transforms[index]
            gives_up = transform.annotates
            what = "frames pass without it" if gives_up else "the picture waits for it"
            place = f"pipeline[{index}] ({transform.type_name})"
            error = f"{place}: has worked on one frame for {seconds:.0f} s; {what}"
            if gives_up:
                self._given_up[self._turn] = index
                self._turn = None
        if not self.frames.closed:
            self.error = error
            if not self._reported:
                self._reported = True
                self._reports.failed(error)
        return gives_up

    def close(self) -> None:
        self._line.source.detach(self.frames)
        self._close_transforms()
        self._line.count_inferences()
        self._waiting.clear()
        self.opened = self.published = False

    def _stops_at(self, turn: object, index: int) -> bool:
        if turn is not self._turn:  # it was given up
            return True
        self._at = index
        return self.frames.closed

    def _publish(self, frame: Frame) -> None:
        self._reports.latency.add("line", frame.trace[-1].at_s - frame.trace[0].at_s)
        # Set first: a reader of the frame must find the line running.
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
            except Exception:  # the other transforms must be closed too
                logger.warning("camera %s: closing %s failed", self._line._name, transform.type_name, exc_info=True)
