from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import closing

import cv2
import numpy as np
import pytest

from cameras import Detection, Frame, Mask, Prediction, Segmentation
from transforms.modes import DelayedInference, InferenceAttributes
from vision import ModelError, Session

from .squares import box_of, two_squares
from .test_latest import SlowDetector, error_px, scene, square_in


class DelayedStream:
    """Frames that are announced and, later, ask for their predictions."""

    def __init__(self, service: SlowDetector, mode: DelayedInference) -> None:
        self.service, self.mode = service, mode

    def announce(self, *numbers: int, backdrop: int = 0) -> None:
        """Announce frames."""
        for number in numbers:
            self.mode.announce(Detection, scene(number, backdrop=backdrop))

    def end_inference(self) -> None:
        """Let the inference that has begun end, and wait for its result."""
        self.service.wait_for_begin()
        self.service.end_for(self.mode)

    def infer(self, number: int, *, backdrop: int = 0) -> None:
        """Announce a frame and let its inference end."""
        self.announce(number, backdrop=backdrop)
        self.end_inference()

    def predict(self, number: int, *, backdrop: int = 0) -> tuple[Detection, ...]:
        """Return what a frame carries."""
        return self.mode.predict(Detection, scene(number, backdrop=backdrop))


@pytest.fixture
def stream() -> Iterator[DelayedStream]:
    service = SlowDetector()
    mode = DelayedInference(service, 0.8)
    mode.open()
    yield DelayedStream(service, mode)
    service.end(100)
    mode.close()


def test_the_delay_is_that_of_the_attributes() -> None:
    attributes = InferenceAttributes.model_validate({"mode": "delayed", "delay_s": 1.5})
    mode = DelayedInference.of(SlowDetector(), attributes)
    assert (mode.mode, mode.delay_s) == ("delayed", 1.5)


def test_a_frame_gets_the_result_that_was_made_for_it(stream: DelayedStream) -> None:
    for number in range(3):
        stream.infer(number)
    for number in range(3):
        (found,) = stream.predict(number)
        assert error_px([found], scene(number)) < 0.01 and stream.mode.result_age_s == 0.0


def test_a_frame_between_two_inferred_ones_gets_what_is_between_their_results(stream: DelayedStream) -> None:
    stream.infer(0)
    stream.announce(1)
    stream.service.wait_for_begin()
    stream.announce(2, 3)
    stream.service.end()
    stream.service.wait_for_begin()  # of frame 3, the newest
    stream.announce(4)
    stream.service.end()
    stream.service.wait_for_begin()  # of frame 4
    new = []
    for number in range(4):
        assert error_px(stream.predict(number), scene(number)) < 1
        assert stream.mode.result_age_s == 0.0
        new.append(stream.mode.new_result)
    assert new == [True, True, False, True], "frame 2 was not inferred"


def test_without_a_later_result_the_earlier_one_stands_still_for_a_while(stream: DelayedStream) -> None:
    stream.infer(0)
    stream.announce(*range(1, 12))
    (found,) = stream.predict(4)
    assert found.box == square_in(scene(0))
    assert stream.mode.result_age_s == pytest.approx(0.4)
    assert stream.predict(9) == () and stream.mode.result_age_s is None
    assert not stream.mode.new_result


def test_nothing_is_carried_over_a_cut(stream: DelayedStream) -> None:
    stream.infer(0)
    stream.announce(1)
    stream.service.wait_for_begin()
    stream.announce(2, 3, backdrop=1)
    stream.service.end()
    stream.end_inference()  # of frame 3
    stream.announce(4, backdrop=1)
    assert error_px(stream.predict(1), scene(1)) < 0.01
    assert stream.predict(2, backdrop=1) == (), "no frame of the new scene was inferred before"
    assert error_px(stream.predict(3, backdrop=1), scene(3)) < 0.01


def test_no_frame_is_between_results_of_two_scenes(stream: DelayedStream) -> None:
    stream.infer(0)
    stream.announce(1)
    stream.service.wait_for_begin()
    stream.announce(2)
    stream.announce(3, backdrop=1)
    stream.service.end()
    stream.end_inference()  # of frame 3
    (found,) = stream.predict(2)
    assert found.box == square_in(scene(1)) and stream.mode.result_age_s == pytest.approx(0.1)


def test_an_error_is_raised_from_its_frame_until_the_next_one_that_was_inferred(stream: DelayedStream) -> None:
    stream.infer(0)
    stream.service.raises = ModelError("broken")
    stream.infer(2)
    stream.service.raises = None
    stream.infer(4)
    assert error_px(stream.predict(1), scene(1)) < 1, "from the results around it"
    for number in (2, 3):
        with pytest.raises(ModelError, match="^broken$"):
            stream.predict(number)
    assert stream.predict(4)


def test_before_the_first_result_there_is_nothing(stream: DelayedStream) -> None:
    stream.announce(0)
    assert stream.predict(0) == ()
    assert stream.mode.result_age_s is None


def united(masks: Iterable[Mask | None]) -> Mask:
    return np.asarray(np.max([mask for mask in masks if mask is not None], axis=0), np.uint8)


def overlap_of(one: Mask, other: Mask) -> float:
    return cv2.countNonZero(one & other) / cv2.countNonZero(one | other)


@pytest.mark.parametrize("kind", [Detection, Segmentation])
def test_masks_are_those_of_the_frames_own_moment(kind: type[Prediction]) -> None:
    def found(frame: Frame, session: Session) -> tuple[Prediction, ...]:
        masks = two_squares(frame.sequence)[1]
        if kind is Segmentation:  # the class as a whole
            return (Segmentation("square", 0.9, mask=united(masks)),)
        return tuple(Detection("square", 0.9, box=box_of(mask), mask=mask) for mask in masks)

    mode = DelayedInference(SlowDetector(), 0.8)
    mode.predictor = found
    mode.open()
    with closing(mode):
        mode.announce(kind, two_squares(0)[0])
        assert mode._worker is not None and mode._worker.answered.wait(20)
        mode._worker.answered.clear()
        mode.announce(kind, two_squares(6)[0])
        assert mode._worker.answered.wait(20)
        for number, nearer in ((0, 0), (2, 0), (4, 6)):
            frame, true = two_squares(number)
            now = united(each.mask for each in mode.predict(kind, frame) if isinstance(each, Detection | Segmentation))
            assert mode.result_age_s == 0.0
            still = overlap_of(united(two_squares(nearer)[1]), united(true))
            if number == nearer:
                assert overlap_of(now, united(true)) == 1.0
            else:
                assert still < 0.65 and overlap_of(now, united(true)) > 0.85
