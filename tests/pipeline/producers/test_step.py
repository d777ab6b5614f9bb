"""A row of transforms on one frame, and its result, without threads or feeds."""

from __future__ import annotations

import weakref
from typing import cast

import pytest

from cameras import Attributes, Classification, Frame
from pipeline.producers.step import Row, step
from tests.fakes import FakeVision, NoAttributes, frame, no_collection
from transforms import TRANSFORMS, Transform
from vision import ModelError


class Note(Transform[Attributes]):
    """Passes frames, raises ``error``, or reports ``failure``."""

    type_name = "note"
    attributes_type = NoAttributes

    def __init__(self, error: BaseException | None = None, failure: str | None = None) -> None:
        super().__init__(NoAttributes(), {})
        self.failure = failure
        self.applied = 0
        self._error = error

    def apply(self, frame: Frame) -> Frame:
        self.applied += 1
        if self._error is not None:
            raise self._error
        return frame


class Recognising(Note):
    """The same, with ``annotates``."""

    annotates = True


def classify(service: FakeVision) -> Transform[Attributes]:
    kind = TRANSFORMS["classifications"]
    attributes = kind.attributes_type.model_validate({"classifier_name": service.name})
    transform: Transform[Attributes] = kind(attributes, {service.name: service})
    transform.open()
    return transform


def test_each_stage_is_timed() -> None:
    service = FakeVision("shapes", classifications=[Classification("star", 0.9)])
    row = Row((Note(), classify(service), classify(service)))
    now = iter(range(100))
    done = step(frame(), row, monotonic=lambda: float(next(now)))
    assert done.frame is not None and [found.label for found in done.frame.annotations] == ["star", "star"]
    assert [(stage.index, stage.seconds) for stage in done.stages] == [(0, 1.0), (1, 1.0), (2, 1.0)]
    assert not list(done.failures)
    for transform in row.transforms:
        transform.close()


@pytest.mark.parametrize(
    ("error", "failure"),
    [
        (ValueError("too small"), "too small"),
        (ModelError("no answer"), "no answer"),
        (AttributeError("no imag"), "AttributeError: no imag (test_step.py, line LINE)"),
        (SystemError(), "SystemError (test_step.py, line LINE)"),
        (ValueError(), "ValueError (test_step.py, line LINE)"),
    ],
)
def test_a_transform_that_fails_loses_the_frame_and_ends_the_row(error: BaseException, failure: str) -> None:
    last = Note()
    done = step(frame(), Row((Note(error), last)))
    assert (done.frame, last.applied) == (None, 0)
    (failed,) = done.failures
    raised_at = Note.apply.__code__.co_firstlineno + 3
    assert (failed.error, failed.failure) == (error, failure.replace("LINE", str(raised_at)))


@pytest.mark.parametrize(
    ("result", "failure"),
    [
        (None, "TypeError: Broken.apply must return a Frame, got NoneType; does it end with a return?"),
        (frame().image, "TypeError: Broken.apply must return a Frame, got ndarray"),
    ],
)
@pytest.mark.parametrize("annotates", [False, True])
def test_a_result_that_is_no_frame_is_a_failure(result: object, failure: str, annotates: bool) -> None:
    class Broken(Note):
        def apply(self, frame: Frame) -> Frame:
            return cast(Frame, result)

    broken, came = Broken(), frame()
    broken.annotates = annotates
    done = step(came, Row((broken,)))
    assert done.frame is (came if annotates else None)
    assert [stage.failure for stage in done.failures] == [failure]


def test_a_failing_transform_that_annotates_passes_the_frame() -> None:
    last, came = Note(), frame()
    done = step(came, Row((Recognising(ValueError("no answer")), last)))
    assert (done.frame, last.applied) == (came, 1)
    assert [stage.failure for stage in done.failures] == ["no answer"]


def test_a_failure_is_reported_with_the_frame() -> None:
    done = step(frame(), Row((Note(failure="the whole picture is hidden"),)))
    assert done.frame is not None
    assert [(stage.error, stage.failure) for stage in done.failures] == [(None, "the whole picture is hidden")]


def test_no_transform_runs_after_stopping() -> None:
    first, second = Note(), Note()
    done = step(frame(), Row((first, second)), stops_at=lambda index: first.applied > 0)
    assert (done.frame, len(done.stages), second.applied) == (None, 1, 0)


class Delayed(Recognising):
    """The same, with a delay; ``announced`` has the frames that were announced."""

    def __init__(self, error: BaseException | None = None) -> None:
        super().__init__()
        self.announced: list[Frame] = []
        self._refuses = error

    @property
    def delay_s(self) -> float:
        return 0.5

    def announce(self, frame: Frame) -> None:
        if self._refuses is not None:
            raise self._refuses
        self.announced.append(frame)


def test_a_frame_waits_at_each_transform_with_a_delay_and_continues_there() -> None:
    first, second, last = Delayed(), Delayed(), Note()
    row, picture = Row((Note(), first, second, last)), frame()
    done = step(picture, row)
    assert (done.frame, done.waits_at, [stage.index for stage in done.stages]) == (picture, 1, [0])
    assert first.announced == [picture] and first.applied == 0
    done = step(picture, row, waited_at=1)
    assert (done.frame, done.waits_at, [stage.index for stage in done.stages]) == (picture, 2, [1])
    assert second.announced == [picture] and (first.applied, second.applied) == (1, 0)
    done = step(picture, row, waited_at=2)
    assert (done.frame, done.waits_at, [stage.index for stage in done.stages]) == (picture, None, [2, 3])
    assert len(first.announced) == len(second.announced) == last.applied == 1


def test_a_frame_whose_announcement_fails_does_not_wait() -> None:
    refusing = Delayed(ModelError("broken"))
    done = step(frame(), Row((refusing,)))
    assert done.frame is not None and done.waits_at is None
    assert [stage.failure for stage in done.failures] == ["broken"] and refusing.applied == 0


@pytest.mark.parametrize("delay_s", [0.0, 0.5])
@pytest.mark.parametrize("annotates", [False, True])
def test_an_exception_holds_its_frame_no_longer_than_the_result(
    annotates: bool, delay_s: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Failing(Note):
        def announce(self, frame: Frame) -> None:
            raise ValueError("no")

        apply = announce  # type: ignore[assignment]

    transform = Failing()
    monkeypatch.setattr(Failing, "annotates", annotates)
    monkeypatch.setattr(Failing, "delay_s", delay_s)
    taken = frame()
    gone = weakref.ref(taken.pixels)
    with no_collection():
        done = step(taken, Row((transform,)))
        assert [str(stage.error) for stage in done.failures] == ["no"]
        del taken, done
        assert gone() is None
