"""A transform camera applies its transforms to the newest frame, on demand, even when one of them fails."""

from __future__ import annotations

import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any, TypeVar, cast

import pytest

from cameras import Attributes, BoundedCalls, BoundingBox, CameraError, Classification, Detection, Frame, Prediction
from pipeline import Feed, State, TransformAttributes, TransformConfig, WorkerExecutor
from pipeline.execution.executor import _TaskRun
from pipeline.execution.workers import Job
from pipeline.producers import Line, Source
from pipeline.producers.line import REPEAT_S, STUCK_S, _LineTask
from tests.fakes import FakeCamera, FakeClock, FakeVision, NoAttributes, frame, no_collection
from tests.pipeline.builders import line_feed, source_feed
from tests.transforms.services import FunctionVision, HangingVision
from transforms import TRANSFORMS, InferenceTransform, Transform
from transforms.modes import MODES, InferenceAttributes, InferenceMode
from vision import ModelError, VisionService

P = TypeVar("P", bound=Prediction)

STAR = Classification("star", 0.9)


class Gate(Transform[Attributes]):
    """A transform that waits at each frame for the test, and raises ``fails`` when it is set."""

    type_name = "gate"
    attributes_type = NoAttributes

    def __init__(self) -> None:
        super().__init__(NoAttributes(), {})
        self.entered = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.fails: Exception | None = None
        self.open_fails: list[Exception] = []
        self.is_open = False
        self.opens: list[bool] = []

    def open(self) -> None:
        self.opens.append(self.is_open)
        if self.open_fails:
            raise self.open_fails.pop(0)
        self.is_open = True

    def apply(self, frame: Frame) -> Frame:
        self.entered.release()
        assert self.go.acquire(timeout=5)
        if self.fails is not None:
            raise self.fails
        return frame

    def close(self) -> None:
        self.is_open = False


class Counted(Attributes):
    """Attributes with a number."""

    number: int = 0


class Cameras:
    """A source with a fake camera, and lines on it."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.lock = threading.RLock()
        self.camera = FakeCamera()
        self.make: Callable[[], FakeCamera] = lambda: self.camera
        self.source = source_feed("porch", lambda: self.make(), self.clock, self.lock)
        self.lines: list[Feed] = []

    def line(self, name: str, *transforms: Transform[Attributes], on: Feed | None = None) -> Feed:
        """Return the feed of a line on the source, or on another line."""
        made = line_feed(name, on or self.source, *transforms, clock=self.clock, lock=self.lock)
        self.lines.append(made)
        return made

    def close(self) -> None:
        for camera in (*reversed(self.lines), self.source):
            assert camera.close()


@pytest.fixture
def setup() -> Iterator[Cameras]:
    built = Cameras()
    yield built
    built.close()


def make(kind: str, *services: FakeVision, **attributes: object) -> Transform[Attributes]:
    transform = TRANSFORMS[kind]
    return transform(transform.attributes_type(**attributes), {service.name: service for service in services})


def classify(service: FakeVision) -> Transform[Attributes]:
    return make("classifications", service, classifier_name=service.name)


def upper_left_quarter() -> Transform[Attributes]:
    return make("crop", x_max_px=0.5, y_max_px=0.5)


def test_frames_come_out_transformed_with_their_time(setup: Cameras) -> None:
    service = FakeVision("shapes", classifications=[STAR])
    line = setup.line("named", classify(service))
    with line.watch() as watch:
        setup.camera.give(frame(pts=9))
        came = watch.get(5)
    assert came.annotations == (STAR.attached_by("classifications", "shapes"),)
    assert (came.pts, came.sequence) == (0, 0)
    assert [mark.stage for mark in came.trace] == ["captured", "source", "named wait", "named"]
    assert line.counters.inferences == {"shapes": 1}
    summary = line.summary()
    assert (summary["source"], summary["counters"]["inferences"]) == ("porch", {"shapes": 1})
    assert set(summary["latency_ms"]) == {"source", "0 classifications", "line"}
    assert [(item["type"], item["mode"]) for item in summary["transforms"]] == [("classifications", "sync")]


def test_two_lines_with_the_same_frame_and_service_share_one_inference(setup: Cameras) -> None:
    service = FakeVision("shapes", classifications=[STAR])
    first, second = setup.line("first", classify(service)), setup.line("second", classify(service))
    with first.watch() as one, second.watch() as two:
        setup.camera.give(frame())
        assert one.get(5).annotations == two.get(5).annotations
    assert service.inferences == 1
    assert sum(line.counters.inferences.get("shapes", 0) for line in (first, second)) == 1


def test_the_inference_rate_counts_only_real_inferences(setup: Cameras) -> None:
    service = FakeVision("shapes", classifications=[STAR])
    line = setup.line("named", classify(service), classify(service))
    with line.watch() as watch:
        for pts in range(3):
            setup.camera.give(frame(pts=pts))
            watch.get(5)
            setup.clock.now_s += 0.5
        rates = [item["inferences_per_s"] for item in line.summary()["transforms"]]
    assert rates == [2.0, 0.0], "the second transform shares the result of the first"
    assert line.counters.inferences == {"shapes": 3}


def test_a_model_that_does_not_answer_does_not_hold_up_a_frame(setup: Cameras) -> None:
    service = HangingVision("shapes")
    detections = make("detections", service, detector_name="shapes", mode="latest", max_age_s=0.01)
    line = setup.line("found", detections)
    with line.watch() as watch:
        for pts in range(5):
            setup.camera.give(frame(pts=pts))
            assert watch.get(5).sequence == pts
        assert service.called.acquire(timeout=5)
        (shown,) = line.summary()["transforms"]
        assert (shown["mode"], shown["result_age_s"]) == ("latest", None)
    service.released.set()


def test_with_a_delay_each_frame_comes_a_constant_time_later_with_its_own_result(setup: Cameras) -> None:
    def detect(picture: Frame) -> tuple[Detection, ...]:
        inferred.release()
        return (Detection(str(int(picture.image[0, 0, 0])), 0.9, box=BoundingBox(0.1, 0.1, 0.9, 0.9)),)

    inferred = threading.Semaphore(0)
    service = FunctionVision("shapes", detect=detect)
    transform = make("detections", service, detector_name="shapes", mode="delayed", delay_s=0.5)
    line = setup.line("found", transform)
    began_s = setup.clock.now_s
    with line.watch() as watch:
        for number in range(3):
            came = frame(pts=number, color=(number, 90, 90))
            setup.camera.give(came.marked("captured", setup.clock.now_s))
            assert inferred.acquire(timeout=5)
            setup.clock.now_s += 0.1
        with pytest.raises(TimeoutError):
            watch.get(0)
        setup.clock.now_s = began_s + 0.5
        setup.camera.give(frame(pts=3, color=(3, 90, 90)).marked("captured", setup.clock.now_s))
        found = watch.get(5)
        assert (found.sequence, [each.label for each in found.annotations]) == (0, ["0"])
        assert line.summary()["transforms"][0]["mode"] == "delayed"
        stages = [mark.stage for mark in found.trace]
        assert stages == ["captured", "source", "found wait", "announced", "found wait", "found"]


def test_frames_of_a_file_wait_for_a_slow_model_unless_the_mode_says_otherwise(setup: Cameras) -> None:
    setup.source.produce(
        setup.source.config,
        Source("porch", lambda: setup.camera, setup.clock, setup.source.reports, live=False),
    )
    transform = classify(FakeVision("shapes", classifications=[STAR]))
    assert isinstance(transform, InferenceTransform) and transform.live
    line = setup.line("named", transform)
    assert not line.live and not setup.source.live
    with line.watch() as watch:
        setup.camera.give(frame())
        watch.get(5)
        assert not transform.live


class BetweenFrames(InferenceMode):
    """An inference mode in which no frame waits: the test runs each inference."""

    mode = "between"

    def __init__(self, service: VisionService[Any], attributes: InferenceAttributes) -> None:
        super().__init__(service)
        self.attributes = attributes

    def predict(self, kind: type[P], frame: Frame) -> tuple[P, ...]:
        return ()

    def infer(self) -> None:
        with self._opened().inference():
            pass


def test_inferences_between_frames_are_counted_with_the_next_frame_and_at_the_end(
    setup: Cameras, monkeypatch: pytest.MonkeyPatch
) -> None:
    modes: list[BetweenFrames] = []

    def factory(service: VisionService[Any], attributes: InferenceAttributes) -> InferenceMode:
        modes.append(BetweenFrames(service, attributes))
        return modes[-1]

    monkeypatch.setitem(cast(dict[str, Any], MODES), "auto", factory)
    line = setup.line("named", classify(FakeVision("shapes")))
    (mode,) = modes
    with line.watch() as watch:
        for number in (0, 2, 1):
            for _ in range(number):
                mode.infer()
            setup.camera.give(frame())
            watch.get(5)
            setup.clock.now_s += 1
        assert line.counters.inferences == {"shapes": 3}
        (shown,) = line.summary()["transforms"]
        assert (shown["mode"], shown["inferences_per_s"]) == ("between", 1.0)
        mode.infer()
    setup.clock.advance(setup.source.config.linger_s)
    for run in (line._run, setup.source._run):
        assert run is not None and run.wait()
    assert line.counters.inferences == {"shapes": 4}
    with line.watch() as watch:
        setup.camera.give(frame())
        watch.get(5)
    assert line.counters.inferences == {"shapes": 4}, "inferences of an earlier run are not counted again"


def test_a_chain_starts_at_the_root_and_ends_as_a_whole(setup: Cameras) -> None:
    service = FakeVision("shapes", detections=[Detection("star", 0.9, box=BoundingBox(0.5, 0.5, 1, 1))])
    service.classified = (STAR,)
    named = setup.line("named", classify(service))
    cut = setup.line("cut", upper_left_quarter(), on=named)
    with cut.watch() as watch:
        setup.camera.give(frame(width=8, height=6))
        came = watch.get(5)
        assert (came.width, came.height) == (4, 3)
        assert [annotation.label for annotation in came.annotations] == ["star"]
        assert {camera.state for camera in (setup.source, named, cut)} == {State.RUNNING}
    setup.clock.advance(setup.source.config.linger_s)
    assert {camera.state for camera in (setup.source, named, cut)} == {State.IDLE}
    assert setup.camera.closed.wait(5)
    for feed in (cut, named, setup.source):
        assert feed._run is not None
        assert feed._run.wait()
    assert not service.loaded, "the model is released"


def test_frames_that_a_line_is_too_slow_for_are_dropped_and_counted(setup: Cameras) -> None:
    gate = Gate()
    line = setup.line("slow", gate)
    with line.watch() as watch, setup.source.watch() as beside:
        for pts in range(4):
            setup.camera.give(frame(pts=pts))
            assert beside.get(5).sequence == pts, "the source is not slowed"
            if pts == 0:
                assert gate.entered.acquire(timeout=5)
        gate.go.release(2)
        assert watch.get(5).sequence in (0, 3)
        assert gate.entered.acquire(timeout=5)
        setup.camera.give(frame(pts=4))
        beside.get(5)
        gate.go.release()
        assert gate.entered.acquire(timeout=5)
    assert (line.counters["dropped"], line.counters["shed"]) == (2, 2)
    assert line.counters["frames_in"] == 3


def give_up(executor: WorkerExecutor, job: Job) -> None:
    """Give up the present turn of a job, as the thread that watches the workers does."""
    workers = executor._workers
    (worker,) = (worker for worker in workers._workers if worker.job is job)
    workers._give_up(job, worker.since_s - 1)
    assert worker.job is job, "it is no turn before that"
    workers._give_up(job, worker.since_s)


def task_of(line: Feed) -> _LineTask:
    producer = line.producer
    assert isinstance(producer, Line) and producer._task is not None
    return producer._task


def test_a_transform_that_does_not_return_is_reported_while_the_frame_waits(setup: Cameras) -> None:
    gate = Gate()
    line = setup.line("stuck", gate)
    with line.watch() as watch:
        setup.camera.give(frame())
        assert gate.entered.acquire(timeout=5)
        task = task_of(line)
        assert not task.runs_long(STUCK_S / 2)
        assert line.error is None, "some models take seconds"
        for seconds in (STUCK_S, STUCK_S + 2):
            assert not task.runs_long(seconds)
            said = f"pipeline[0] (gate): has worked on one frame for {seconds:.0f} s; the picture waits for it"
            assert str(line.error) == said
            assert line.counters["errors"] == 1
        gate.go.release()
        watch.get(5)
    assert line.error is None


def test_frames_pass_without_an_annotating_transform_that_does_not_return(setup: Cameras) -> None:
    gate, after = Gate(), Gate()
    gate.annotates = True
    after.go.release(100)
    line = setup.line("stuck", gate, after)
    with line.watch() as watch:
        setup.camera.give(frame())
        assert gate.entered.acquire(timeout=5)
        task = task_of(line)
        assert task.runs_long(STUCK_S)
        assert isinstance(line.executor, WorkerExecutor) and isinstance(line._run, Job)
        give_up(line.executor, line._run)
        setup.camera.give(frame(pts=1))
        assert watch.get(5).sequence == 1, "the next frame passes"
        said = f"pipeline[0] (gate): has worked on one frame for {STUCK_S:.0f} s; frames pass without it"
        assert (str(line.error), line.counters["errors"]) == (said, 1)
        assert not gate.entered.acquire(blocking=False)

        gate.go.release(100)
        numbers: list[int] = []
        while not gate.entered.acquire(blocking=False):  # until frames go through it again
            setup.camera.give(frame(pts=2 + len(numbers)))
            numbers.append(watch.get(5).sequence)
        assert numbers == list(range(2, 2 + len(numbers))), "what was given up is never shown"
    assert line.error is None
    assert not task.runs_long(STUCK_S), "nothing runs"


def test_an_inference_runs_on_a_thread_that_can_be_given_up(setup: Cameras) -> None:
    calls = BoundedCalls("model")
    threads: list[str] = []

    class Infers(Gate):
        def apply(self, frame: Frame) -> Frame:
            threads.append(calls.run(lambda: threading.current_thread().name, 2 * STUCK_S))
            return frame

    annotating, other = Infers(), Infers()
    annotating.annotates = True
    line = setup.line("seen", annotating, other)
    with line.watch() as watch:
        setup.camera.give(frame())
        watch.get(5)
    calls.close(lambda: None)
    assert threads == ["line seen", "model"], "a picture waits for what does not annotate"


def test_a_stuck_line_can_be_closed(setup: Cameras) -> None:
    gate = Gate()
    gate.annotates = True
    line = setup.line("stuck", gate)
    with line.watch():
        setup.camera.give(frame())
        assert gate.entered.acquire(timeout=5)
        run = line._run
        assert isinstance(line.executor, WorkerExecutor) and isinstance(run, _TaskRun)
        run.stop()
        assert task_of(line).runs_long(STUCK_S)
        give_up(line.executor, run)
        assert run.wait(5)
        assert (line.error, line.counters["errors"]) == (None, 0), "nobody waits for it"
        gate.go.release(100)


def test_a_failing_transform_loses_the_frame_but_not_the_stream(setup: Cameras) -> None:
    gate = Gate()
    gate.go.release(10)
    line = setup.line("cut", gate)
    with line.watch() as watch, setup.source.watch() as beside:
        gate.fails = ValueError("the crop window is outside the picture")
        setup.camera.give(frame(pts=0))
        beside.get(5)
        assert gate.entered.acquire(timeout=5)
        setup.camera.give(frame(pts=1))
        assert gate.entered.acquire(timeout=5)
        assert line.error == "pipeline[0] (gate): the crop window is outside the picture"
        gate.fails = None
        setup.camera.give(frame(pts=2))
        assert watch.get(5).sequence == 2
        assert line.error is None
    assert line.counters["errors"] == 2


def test_a_failing_model_loses_its_annotations_but_not_the_frame(setup: Cameras) -> None:
    service = FakeVision("shapes")

    def fail(frame: Frame) -> tuple[Classification, ...]:
        raise ModelError("shapes.tflite: the model failed")

    service._classify = fail  # type: ignore[method-assign]
    line = setup.line("named", classify(service))
    with line.watch() as watch:
        setup.camera.give(frame())
        assert watch.get(5).annotations == ()
        assert line.error == "pipeline[0] (classifications): shapes.tflite: the model failed"
        assert line.state is State.RUNNING


def test_opening_the_transforms_is_retried(setup: Cameras, caplog: pytest.LogCaptureFixture) -> None:
    gate, other = Gate(), Gate()
    gate.go.release(10)
    other.go.release(10)
    other.open_fails = [ModelError("no such file"), ModelError("no such file")]
    line = setup.line("named", gate, other)
    with line.watch() as watch:
        setup.camera.give(frame())
        watch.get(5)
        assert (gate.is_open, line.error, line.counters["errors"]) == (True, None, 2)
        assert "camera named: pipeline[1] (gate): no such file" in caplog.text
        assert gate.opens == [False, False, False], "each failure closes the transforms that were open"
        assert setup.clock.pauses == [0.5, 1.0]


def test_a_line_reports_the_error_of_its_source(setup: Cameras) -> None:
    line = setup.line("named")
    tried, held = threading.Event(), threading.Event()

    def reopen() -> FakeCamera:
        if setup.source.counters["errors"]:
            tried.set()
            held.wait(5)
        return setup.camera

    setup.make = reopen
    with line.watch() as watch:
        setup.camera.give(frame(), CameraError("gone"))
        watch.get(5)
        assert tried.wait(5)
        assert line.error == "source porch: gone"
        assert line.state in (State.OFFLINE, State.OPENING)
        held.set()


def test_frames_with_annotations_are_painted_once_for_all_outputs(setup: Cameras) -> None:
    line = setup.line("named", classify(FakeVision("shapes", classifications=[STAR])))
    with line.watch() as watch:
        setup.camera.give(frame(width=160, height=120))
        came = watch.get(5)
    burnt = line.painted(came)
    assert burnt.pixels is line.painted(came).pixels
    assert (burnt.annotations, burnt.pts) == ((), came.pts)
    assert (burnt.image != came.image).any()
    clean = frame()
    assert line.painted(clean) is clean
    assert line.counters["painted"] == 1


def test_a_line_annotates_when_anything_before_it_does(setup: Cameras) -> None:
    named = setup.line("named", classify(FakeVision("shapes")))
    cut = setup.line("cut", upper_left_quarter(), on=named)
    plain = setup.line("plain", upper_left_quarter())
    assert (named.annotates, cut.annotates, plain.annotates, setup.source.annotates) == (True, True, False, False)


def redact(service: FakeVision) -> Transform[Attributes]:
    return make("redact", service, detector_name=service.name, method="fill", margin=0.0)


def test_redact_hides_the_frame_while_its_detector_fails(setup: Cameras) -> None:
    service = FakeVision("faces", detections=[Detection("face", 0.9, box=BoundingBox(0, 0, 0.5, 0.5))])
    detect = service._detect

    def fail(frame: Frame) -> tuple[Detection, ...]:
        raise ModelError("the model is broken")

    line = setup.line("private", redact(service))
    with line.watch() as watch:
        setup.camera.give(frame(color=(200, 200, 200)))
        assert watch.get(5).image[:, :, 0].tolist()[3:5] == [[0] * 4 + [200] * 4, [200] * 8]
        assert (line.error, line.counters.inferences) == (None, {"faces": 1})
        service._detect = fail  # type: ignore[method-assign]
        setup.camera.give(frame(pts=1, color=(200, 200, 200)))
        assert watch.get(5).image.max() == 0
        assert line.error is not None
        assert line.error.startswith("pipeline[0] (redact): the whole picture is hidden: the model is broken")
        service._detect = detect  # type: ignore[method-assign]
        setup.camera.give(frame(pts=2, color=(200, 200, 200)))
        assert watch.get(5).image.max() == 200
        assert line.error is None
    assert line.counters.summary()["errors"] == 1


def test_a_frame_that_a_transform_fails_on_is_not_held(setup: Cameras) -> None:
    taken: list[weakref.ref[Any]] = []
    failed = threading.Semaphore(0)

    class Failing(Gate):
        def apply(self, frame: Frame) -> Frame:
            taken.append(weakref.ref(frame.pixels))
            held.append([ref() is not None for ref in taken])
            failed.release()
            raise ValueError("no")

    held: list[list[bool]] = []
    with no_collection(), setup.line("broken", Failing()).watch():
        for pts in range(3):
            setup.camera.give(frame(pts))
            assert failed.acquire(timeout=5)
    assert held[2] == [False, False, True]


def exchanged(line: Feed, *changes: dict[str, object]) -> None:
    """Exchange attributes of the transforms of a line, in order; the others stay."""
    producer = line.producer
    assert isinstance(producer, Line)
    entries = []
    for transform, change in zip(producer.row.transforms, changes, strict=True):
        attributes = type(transform.attributes).model_validate(transform.attributes.model_dump() | change)
        entries.append(TransformConfig(type=transform.type_name, attributes=attributes))
    producer.exchange(TransformAttributes(source=producer.source.name, pipeline=tuple(entries)))


def test_a_line_exchanges_attributes_between_two_frames(setup: Cameras) -> None:
    boxes = [Detection(label, 0.5, box=BoundingBox(0.1, 0.1, 0.3, 0.3)) for label in ("cat", "dog")]
    service = FakeVision("shapes", detections=boxes)
    gate = Gate()
    gate.go.release(100)
    line = setup.line("seen", gate, make("detections", service, detector_name="shapes"), make("track"))
    with line.watch() as watch:
        setup.camera.give(frame())
        first = watch.get(5).annotations
        gate.go = threading.Semaphore(0)
        setup.camera.give(frame(pts=1))
        for _ in range(2):
            assert gate.entered.acquire(timeout=5)
        exchanged(line, {}, {"valid_labels": ("dog",)}, {"max_age_s": 9.0})
        shown = [item["attributes"].get("valid_labels") for item in line.producer.transforms()]
        assert shown == [None, ["dog"], []], "at once"
        gate.go.release(100)
        assert watch.get(5).annotations == first, "the frame that is on its way gets the old ones"
        setup.camera.give(frame(pts=2))
        (dog,) = watch.get(5).annotations
    assert dog == first[1], "its track has kept its number"
    assert gate.opens == [False], "nothing was opened again"


def test_the_results_of_a_slow_model_survive_an_exchange(setup: Cameras) -> None:
    began, go = threading.Semaphore(0), threading.Semaphore(0)

    def detect(frame: Frame) -> list[Detection]:
        began.release()
        assert go.acquire(timeout=5)
        return [Detection("dog", 0.5, box=BoundingBox(0.1, 0.1, 0.3, 0.3))]

    service = FunctionVision("shapes", detect=detect)
    line = setup.line("seen", make("detections", service, detector_name="shapes", mode="latest"))
    with line.watch() as watch:
        go.release()
        setup.camera.give(frame(width=64, height=48))
        assert len(watch.get(5).annotations) == 1
        setup.camera.give(frame(pts=1, width=64, height=48))
        watch.get(5)
        for number, threshold, count in ((2, 0.6, 0), (3, 0.4, 1)):
            exchanged(line, {"confidence_threshold": threshold})
            setup.camera.give(frame(pts=number, width=64, height=48))
            assert len(watch.get(5).annotations) == count
        go.release(100)


def test_the_last_frame_is_transformed_again_where_no_next_one_shows_other_attributes(setup: Cameras) -> None:
    line = setup.line("turned", make("rotate", angle_degs=90.0))
    with line.watch() as watch:
        setup.camera.give(frame(width=8, height=6))
        first = watch.get(5)
        exchanged(line, {"angle_degs": 0.0})
        setup.clock.advance(REPEAT_S)
        again = watch.get(5)
        assert [(each.width, each.height) for each in (first, again)] == [(6, 8), (8, 6)]
        assert again.sequence == first.sequence + 1 and 0 < again.time_s - first.time_s < 0.001
        exchanged(line, {"angle_degs": 180.0})
        setup.camera.give(frame(pts=5))
        assert watch.get(5).width == 8
        setup.clock.advance(REPEAT_S)
        setup.camera.give(frame(pts=6))
        assert watch.get(5).image.tolist() == frame().image.tolist()
        assert line.counters["frames_out"] == 4, "the frame that came is not repeated"


def test_a_line_that_does_not_run_takes_attributes_when_it_starts(setup: Cameras) -> None:
    line = setup.line("turned", make("rotate", angle_degs=90.0))
    exchanged(line, {"angle_degs": 0.0})
    with line.watch() as watch:
        setup.camera.give(frame(width=8, height=6))
        assert watch.get(5).width == 8


def test_a_transform_that_refuses_attributes_does_not_end_the_line(setup: Cameras) -> None:
    class Refusing(Gate):
        def exchange(self, attributes: Attributes) -> None:
            raise ValueError("not these")

    gate = Refusing()
    gate.go.release(100)
    gate.attributes = Counted(number=1)
    line = setup.line("seen", gate)
    with line.watch() as watch:
        setup.camera.give(frame())
        watch.get(5)
        exchanged(line, {"number": 2})
        setup.camera.give(frame(pts=1))
        watch.get(5)
        assert line.counters["errors"] == 1
