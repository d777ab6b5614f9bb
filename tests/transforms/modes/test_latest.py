from __future__ import annotations

import threading
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import replace
from fractions import Fraction

import cv2
import numpy as np
import pytest

from cameras import BoundingBox, Classification, Detection, Frame, Pixels, Prediction
from tests.fakes import no_collection
from tests.transforms.services import FunctionVision
from transforms.modes import DelayedInference, InferenceAttributes, LatestInference
from transforms.modes.worker import Worker
from vision import ModelError, Session

from .squares import BACKDROPS, HEIGHT, SIDE, SQUARE, WIDTH


def scene(number: int, *, x: int | None = None, backdrop: int = 0) -> Frame:
    """Return a frame, a tenth of a second after the one before, with a square that moves 4 pixels to the right."""
    image = np.array(BACKDROPS[backdrop], np.uint8)
    left = 20 + 4 * number if x is None else x
    image[60 : 60 + SIDE, left : left + SIDE] = SQUARE
    return Frame(Pixels.from_bgr(image), number, Fraction(1, 10), float(number), number)


def square_in(frame: Frame) -> BoundingBox:
    """Return where the square is: what a perfect detector would say."""
    found = cv2.matchTemplate(frame.image, SQUARE, cv2.TM_SQDIFF)
    left, top = cv2.minMaxLoc(found)[2]
    return BoundingBox(left / WIDTH, top / HEIGHT, (left + SIDE) / WIDTH, (top + SIDE) / HEIGHT)


class SlowDetector(FunctionVision):
    """A detector whose inferences the test lets end, one by one; ``begun`` has the frames that were taken."""

    def __init__(self) -> None:
        super().__init__("slow", detect=self._found)
        self.begun: list[Frame] = []
        self.raises: Exception | None = None
        self._takes, self._may_end = threading.Semaphore(0), threading.Semaphore(0)

    def _found(self, frame: Frame) -> Sequence[Detection]:
        self.begun.append(frame)
        self._takes.release()
        assert self._may_end.acquire(timeout=20)
        if self.raises is not None:
            raise self.raises
        return [Detection("square", 0.9, box=square_in(frame))]

    def wait_for_begin(self) -> None:
        """Wait until it has taken a frame."""
        assert self._takes.acquire(timeout=20)

    def end_for(self, mode: LatestInference | DelayedInference) -> None:
        """Let the present inference end, and wait until a mode has its result."""
        worker = mode._worker
        assert worker is not None
        worker.answered.clear()
        self.end()
        assert worker.answered.wait(20)

    def end(self, number: int = 1) -> None:
        """Let inferences end: the present or the next ones."""
        self._may_end.release(number)


class Stream:
    """Frames through the mode, one after the other."""

    def __init__(self, service: SlowDetector, mode: LatestInference) -> None:
        self.service, self.mode = service, mode
        self.number = 0

    def frame(self, **scene_options: int) -> tuple[Detection, ...]:
        """Give the next frame to the mode and return what it carries."""
        self.newest = scene(self.number, **scene_options)
        self.number += 1
        return self.mode.predict(Detection, self.newest)

    def end_inference(self) -> None:
        """Let the present inference end, and wait until the mode has its result."""
        self.service.end_for(self.mode)

    def first_frame(self) -> tuple[Detection, ...]:
        """Give the first frame, which waits for its result."""
        self.service.end()
        found = self.frame()
        self.service.wait_for_begin()
        return found


@pytest.fixture
def stream() -> Iterator[Stream]:
    service = SlowDetector()
    mode = LatestInference(service, 2.0)
    mode.open()
    yield Stream(service, mode)
    service.end(100)
    mode.close()


def error_px(found: Sequence[Detection], frame: Frame) -> float:
    """Return the largest distance of an edge of the one box from the square, in pixels."""
    (detection,), true = found, square_in(frame)
    box = detection.box
    across = max(abs(box.x_min - true.x_min), abs(box.x_max - true.x_max)) * WIDTH
    down = max(abs(box.y_min - true.y_min), abs(box.y_max - true.y_max)) * HEIGHT
    return max(across, down)


def test_the_first_frame_waits_for_its_result(stream: Stream) -> None:
    found = stream.first_frame()
    assert [detection.box for detection in found] == [square_in(stream.newest)]
    assert (stream.mode.result_age_s, stream.mode.new_result) == (0.0, True)


def test_no_other_frame_waits_and_each_carries_the_box_along(stream: Stream) -> None:
    stream.first_frame()
    for number in range(1, 10):
        found = stream.frame()
        assert error_px(found, stream.newest) < 1.5
        assert stream.mode.result_age_s == pytest.approx(number / 10)
        assert not stream.mode.new_result
    stream.service.wait_for_begin()
    assert len(stream.service.begun) == 2, "one inference at a time"


def test_a_result_is_carried_over_the_frames_since_its_own(stream: Stream) -> None:
    stream.first_frame()
    stream.frame()
    stream.service.wait_for_begin()
    for _ in range(7):
        stream.frame()
    stream.end_inference()
    found = stream.frame()
    assert stream.mode.result_age_s == pytest.approx(0.8), "it is for frame 1, and this is frame 9"
    assert stream.mode.new_result
    assert error_px(found, stream.newest) < 1.5


def test_the_newest_frame_is_inferred_next(stream: Stream) -> None:
    stream.first_frame()
    stream.frame()
    stream.service.wait_for_begin()
    for _ in range(3):
        stream.frame()
    stream.end_inference()
    stream.service.wait_for_begin()
    assert [frame.sequence for frame in stream.service.begun] == [0, 1, 4]


def test_a_result_that_is_too_old_is_dropped(stream: Stream) -> None:
    stream.first_frame()
    while stream.number <= 20:
        assert stream.frame()
    assert stream.frame() == ()
    assert stream.mode.result_age_s is None
    assert stream.frame() == ()


def test_a_cut_drops_the_result_and_the_one_that_is_on_its_way(stream: Stream) -> None:
    stream.first_frame()
    assert stream.frame()
    stream.service.wait_for_begin()
    assert stream.frame(backdrop=1, x=200) == ()
    stream.end_inference()
    assert stream.frame(backdrop=1, x=200) == ()
    stream.service.wait_for_begin()
    stream.end_inference()
    assert error_px(stream.frame(backdrop=1, x=204), stream.newest) < 1.5


def test_a_cut_drops_what_has_no_place_to_be_followed_too(stream: Stream) -> None:
    def named(frame: Frame, session: Session) -> tuple[Prediction, ...]:
        session.predict(Detection, frame)
        return (Classification(f"scene {frame.sequence}", 0.9),)

    stream.mode.predictor = named
    assert [each.label for each in stream.first_frame()] == ["scene 0"]
    assert stream.frame()
    stream.service.wait_for_begin()
    assert stream.frame(backdrop=1) == ()
    stream.end_inference()
    assert stream.frame(backdrop=1) == (), "of the scene before"
    stream.service.wait_for_begin()
    stream.end_inference()
    assert [each.label for each in stream.frame(backdrop=1)] == ["scene 2"]


def test_a_change_of_size_is_a_cut(stream: Stream) -> None:
    stream.first_frame()
    half = Pixels.from_bgr(np.ascontiguousarray(scene(1).image[::2, ::2]))
    assert stream.mode.predict(Detection, replace(scene(1), pixels=half)) == ()


def test_an_error_is_raised_until_an_inference_succeeds(stream: Stream) -> None:
    stream.service.raises = ModelError("broken")
    with pytest.raises(ModelError, match="^broken$"):
        stream.first_frame()
    with pytest.raises(ModelError, match="^broken$"):
        stream.frame()
    stream.service.wait_for_begin()
    stream.service.raises = None
    stream.end_inference()
    assert stream.frame()


def test_an_error_that_lasts_keeps_no_frames(stream: Stream) -> None:
    stream.service.raises = ModelError("broken")
    depths = []
    for raised in range(3):
        with pytest.raises(ModelError) as error:
            stream.frame() if raised else stream.first_frame()
        depths.append(len(error.traceback))
    assert depths[1] == depths[2]


@pytest.mark.parametrize("kind", [ModelError, KeyError])
def test_the_result_of_a_failed_inference_does_not_hold_its_frame(kind: type[Exception]) -> None:
    def fail(frame: Frame) -> Sequence[Detection]:
        raise kind("broken")

    taken = scene(0)
    gone = weakref.ref(taken.pixels)
    session = FunctionVision("broken", detect=fail).open_session()
    worker = Worker(session, Detection, lambda frame: session.predict(Detection, frame), 1)
    with no_collection():
        worker.frames.put(taken)
        assert worker.answered.wait(20)
        worker.close()
        del taken
        assert "broken" in str(worker.results[0].failure())
        assert gone() is None


def test_a_bug_of_a_service_is_an_error_too(stream: Stream) -> None:
    stream.service.raises = KeyError("shape")
    with pytest.raises(ModelError, match="^service slow: KeyError: 'shape'$"):
        stream.first_frame()


def test_a_first_result_that_never_comes_costs_the_first_frame_only() -> None:
    service = SlowDetector()
    mode = LatestInference(service, 0.01)
    mode.open()
    assert [mode.predict(Detection, scene(number)) for number in range(3)] == [(), (), ()]
    service.end(100)
    mode.close()


def test_closing_leaves_a_hanging_inference_to_its_thread(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("transforms.modes.worker.CLOSE_LIMIT_S", 0.01)
    service = SlowDetector()
    mode = LatestInference(service, 0.01)
    mode.open()
    mode.predict(Detection, scene(0))
    service.wait_for_begin()
    (thread,) = [each for each in threading.enumerate() if each.name == "inference slow"]
    mode.close()
    assert service.loaded
    service.end()
    thread.join(20)
    assert not thread.is_alive() and not service.loaded


def test_a_second_kind_is_refused(stream: Stream) -> None:
    stream.first_frame()
    with pytest.raises(ModelError, match="^mode latest predicts detections here, and not classifications too$"):
        stream.mode.predict(Classification, scene(1))


@pytest.mark.parametrize(("declared", "slow_s", "expected_s"), [(0.3, 5.0, 0.3), (None, 0.1, 1.0), (None, 5.0, 12.5)])
def test_a_slow_model_gets_more_time_unless_the_age_is_declared(
    stream: Stream, declared: float | None, slow_s: float, expected_s: float
) -> None:
    attributes = {} if declared is None else {"max_age_s": declared}
    mode = LatestInference.of(stream.service, InferenceAttributes.model_validate(attributes))
    mode._begin_with(scene(0), (), slow_s)
    assert mode.max_age_s == expected_s
