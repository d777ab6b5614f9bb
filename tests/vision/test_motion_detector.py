from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from cameras import Detection, Frame, Pixels
from vision import MotionDetector, MotionDetectorAttributes

Image = NDArray[np.uint8]


@pytest.fixture
def detector() -> Iterator[Callable[..., MotionDetector]]:
    made = []

    def make(**attributes: Any) -> MotionDetector:
        service = MotionDetector("motion", MotionDetectorAttributes(**{"segment_size_px": 100, **attributes}))
        service.open()
        made.append(service)
        return service

    yield make
    for service in made:
        service.close()


def room(seed: int = 0, width: int = 160, height: int = 120) -> Image:
    """Return the view of a camera: soft patches, other ones for each seed."""
    random = np.random.default_rng(seed)
    patches = random.integers(0, 200, (height // 20, width // 20, 3), np.uint8)
    return np.asarray(patches.repeat(20, axis=0).repeat(20, axis=1), np.uint8)


def shown(image: Image, x: int | None = None, *, number: int = 0, noise: int | None = None) -> Frame:
    """Return a frame (30 a second) of a view, with a white thing of 30 x 30 pixels at (x, 40) if there is one."""
    picture = image.copy()
    if noise is not None:
        picture += np.random.default_rng(noise).integers(0, 8, picture.shape, np.uint8)
    if x is not None:
        picture[40:70, x : x + 30] = 255
    return Frame(Pixels.from_bgr(picture), number, Fraction(1, 30), 100 + number / 30, number)


def boxes_of(found: tuple[Detection, ...], width: int = 160, height: int = 120) -> list[tuple[int, int, int, int]]:
    return [detection.box.to_pixels(width, height) for detection in found]


def test_what_comes_into_view_is_found(detector: Callable[..., MotionDetector]) -> None:
    service = detector()
    assert service.detections(shown(room())) == ()
    found = service.detections(shown(room(), 50, number=1))
    (x_min, y_min, x_max, y_max) = boxes_of(found)[0]
    assert len(found) == 1
    assert abs(x_min - 50) <= 2 and abs(y_min - 40) <= 2 and abs(x_max - 80) <= 2 and abs(y_max - 70) <= 2
    assert (found[0].label, found[0].confidence) == ("motion", 1.0)
    assert service.kinds == {"detections"}
    assert service.labels == ("motion",)


def test_noise_is_no_motion(detector: Callable[..., MotionDetector]) -> None:
    service = detector()
    assert [service.detections(shown(room(), number=n, noise=n)) for n in range(20)] == [()] * 20


def test_a_place_in_a_larger_picture_is_given_in_its_own_measure(detector: Callable[..., MotionDetector]) -> None:
    service, image = detector(), room(0, 1280, 720)
    service.detections(shown(image))
    (box,) = boxes_of(service.detections(shown(image, 600, number=1)), 1280, 720)
    assert np.abs(np.array(box) - (600, 40, 630, 70)).max() <= 8


def test_things_that_are_too_small_are_left_out(detector: Callable[..., MotionDetector]) -> None:
    small, large = detector(), detector(segment_size_px=2000)
    for service in (small, large):
        service.detections(shown(room()))
    assert len(small.detections(shown(room(), 50, number=1))) == 1
    assert large.detections(shown(room(), 50, number=1)) == ()


def test_changes_below_the_threshold_do_not_count(detector: Callable[..., MotionDetector]) -> None:
    keen, dull = detector(threshold=0.02), detector(threshold=0.3)
    brighter = room() + np.uint8(0)
    brighter[40:80, 40:80] += np.uint8(20)
    for service in (keen, dull):
        service.detections(shown(room()))
    assert len(keen.detections(shown(brighter, number=1))) == 1
    assert dull.detections(shown(brighter, number=1)) == ()


def test_what_has_come_to_rest_becomes_background(detector: Callable[..., MotionDetector]) -> None:
    service = detector(history_s=1.0, label="moved")
    service.detections(shown(room()))
    found = [bool(service.detections(shown(room(), 50, number=n))) for n in range(1, 150)]
    assert found[0] and not found[-1]
    assert 15 < found.count(True) < 100
    assert service.detections(shown(room(), 50, number=150)) == ()
    assert service.detections(shown(room(), 90, number=151))[0].label == "moved"


def test_learning_goes_by_the_time_of_the_frames_not_by_their_number(detector: Callable[..., MotionDetector]) -> None:
    often, seldom = detector(history_s=1.0), detector(history_s=1.0)
    for service, step in ((often, 1), (seldom, 15)):
        service.detections(shown(room()))
        for number in range(step, 31, step):
            service.detections(shown(room(), 50, number=number))
    one, other = (service.detections(shown(room(), number=31)) for service in (often, seldom))
    assert len(one) == len(other) == 1


def test_two_cameras_do_not_disturb_each_other(detector: Callable[..., MotionDetector]) -> None:
    service, views = detector(), (room(1), room(2), room(1, 120, 120))
    for number in range(10):
        assert [service.detections(shown(view, number=number)) for view in views] == [(), (), ()]
    found = [service.detections(shown(view, x, number=10)) for view, x in zip(views, (20, None, 80), strict=True)]
    assert [len(each) for each in found] == [1, 0, 1]


def test_a_cut_is_no_motion(detector: Callable[..., MotionDetector]) -> None:
    service = detector()
    service.detections(shown(room(1)))
    assert service.detections(shown(room(2), number=1)) == ()
    assert len(service.detections(shown(room(2), 50, number=2))) == 1


def test_only_the_last_views_are_kept(detector: Callable[..., MotionDetector]) -> None:
    service = detector()
    for seed in range(12):
        service.detections(shown(room(seed)))
    assert len(service.detections(shown(room(11), 50, number=1))) == 1
    assert service.detections(shown(room(0), 50, number=1)) == ()


def test_who_is_behind_sees_motion_but_teaches_nothing(detector: Callable[..., MotionDetector]) -> None:
    service = detector(history_s=0.1)
    for number in range(10, 20):
        service.detections(shown(room(), number=number))
    for _ in range(20):
        assert len(service.detections(shown(room(), 50, number=18))) == 1
    assert service.detections(shown(room(), number=20)) == ()


def test_a_stream_that_begins_again_is_learnt_again(detector: Callable[..., MotionDetector]) -> None:
    service = detector()
    service.detections(shown(room(), number=3000))
    assert len(service.detections(shown(room(), 50, number=0))) == 1
    assert service.detections(shown(room(), 50, number=1)) == ()


def test_pictures_sent_one_by_one_follow_each_other_by_the_clock(detector: Callable[..., MotionDetector]) -> None:
    service = detector(history_s=1.0)
    still = [Frame(shown(room(), x).pixels, 0, Fraction(1), 100.0 + at) for at, x in enumerate((None, 50, 50, 50, 50))]
    assert [len(service.detections(frame)) for frame in still] == [0, 1, 1, 0, 0]


def test_a_picture_is_looked_at_once(detector: Callable[..., MotionDetector]) -> None:
    service = detector()
    service.detections(shown(room()))
    frame = shown(room(), 50, number=1)
    assert service.detections(frame) is service.detections(frame)
    assert service.inferences == 2


def test_closing_forgets_what_was_seen(detector: Callable[..., MotionDetector]) -> None:
    service = detector()
    service.detections(shown(room()))
    service.close()
    service.open()
    assert service.detections(shown(room(), 50, number=1)) == ()


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"threshold": 0.0}, "greater than 0"),
        ({"threshold": 1.0}, "less than 1"),
        ({"segment_size_px": -1}, "greater than or equal to 0"),
        ({"history_s": 0.0}, "greater than 0"),
        ({"label": ""}, "at least 1 character"),
    ],
)
def test_attributes_out_of_range_are_refused(attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        MotionDetectorAttributes(**attributes)


def test_the_camera_to_look_at_is_the_declared_one() -> None:
    assert MotionDetector.default_camera(MotionDetectorAttributes(camera_name="porch")) == "porch"
