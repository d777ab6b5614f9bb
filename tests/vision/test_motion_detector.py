from __future__ import annotations

from collections.abc import Callable, Iterator
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from cameras import Detection, Frame, Pixels
from vision import MotionDetector, MotionDetectorAttributes, Session

Image = NDArray[np.uint8]


Sessions = Callable[..., Session]


@pytest.fixture
def sessions() -> Iterator[Sessions]:
    """Give what opens a session of a detector of its own."""
    made = []

    def make(**attributes: Any) -> Session:
        detector = MotionDetector("motion", MotionDetectorAttributes(**{"segment_size_px": 100, **attributes}))
        made.append(detector.open_session())
        return made[-1]

    yield make
    for session in made:
        session.close()


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


def test_a_moving_object_is_detected(sessions: Sessions) -> None:
    session = sessions()
    assert session.predict(Detection, shown(room())) == ()
    found = session.predict(Detection, shown(room(), 50, number=1))
    (x_min, y_min, x_max, y_max) = boxes_of(found)[0]
    assert len(found) == 1
    assert abs(x_min - 50) <= 2 and abs(y_min - 40) <= 2 and abs(x_max - 80) <= 2 and abs(y_max - 70) <= 2
    assert (found[0].label, found[0].confidence) == ("motion", 1.0)
    assert session.service.kinds == {"detections"}
    assert session.service.labels == ("motion",)


def test_noise_is_not_motion(sessions: Sessions) -> None:
    session = sessions()
    assert [session.predict(Detection, shown(room(), number=n, noise=n)) for n in range(20)] == [()] * 20


def test_boxes_of_a_large_picture_are_in_its_own_coordinates(sessions: Sessions) -> None:
    session, image = sessions(), room(0, 1280, 720)
    session.predict(Detection, shown(image))
    (box,) = boxes_of(session.predict(Detection, shown(image, 600, number=1)), 1280, 720)
    assert np.abs(np.array(box) - (600, 40, 630, 70)).max() <= 8


def test_small_boxes_are_left_out(sessions: Sessions) -> None:
    small, large = sessions(), sessions(segment_size_px=2000)
    for session in (small, large):
        session.predict(Detection, shown(room()))
    assert len(small.predict(Detection, shown(room(), 50, number=1))) == 1
    assert large.predict(Detection, shown(room(), 50, number=1)) == ()


def test_changes_below_the_threshold_do_not_count(sessions: Sessions) -> None:
    keen, dull = sessions(threshold=0.05), sessions(threshold=0.1)
    brighter = room() + np.uint8(0)
    brighter[40:80, 40:80] += np.uint8(20)
    for session in (keen, dull):
        session.predict(Detection, shown(room()))
    assert len(keen.predict(Detection, shown(brighter, number=1))) == 1
    assert dull.predict(Detection, shown(brighter, number=1)) == ()


def test_an_object_at_rest_becomes_background(sessions: Sessions) -> None:
    session = sessions(history_s=1.0, label="moved")
    session.predict(Detection, shown(room()))
    found = [bool(session.predict(Detection, shown(room(), 50, number=n))) for n in range(1, 150)]
    assert found[0] and not found[-1]
    assert 15 < found.count(True) < 100
    assert session.predict(Detection, shown(room(), 50, number=150)) == ()
    assert session.predict(Detection, shown(room(), 90, number=151))[0].label == "moved"


def test_the_background_learns_by_time_not_by_frame_count(sessions: Sessions) -> None:
    often, seldom = sessions(history_s=1.0), sessions(history_s=1.0)
    for session, step in ((often, 1), (seldom, 15)):
        session.predict(Detection, shown(room()))
        for number in range(step, 31, step):
            session.predict(Detection, shown(room(), 50, number=number))
    one, other = (session.predict(Detection, shown(room(), number=31)) for session in (often, seldom))
    assert len(one) == len(other) == 1


def test_each_camera_has_its_own_background() -> None:
    service = MotionDetector("motion", MotionDetectorAttributes(segment_size_px=100, history_s=1.0))
    with service.open_session() as porch, service.open_session() as yard:
        for number in range(10):  # one thing stands at another place before each camera, and is background there
            assert porch.predict(Detection, shown(room(), 20, number=number)) == ()
            assert yard.predict(Detection, shown(room(), 100, number=number)) == ()
        (came,) = boxes_of(porch.predict(Detection, shown(room(), 60, number=10)))[:1]
        assert yard.predict(Detection, shown(room(), 100, number=10)) == ()
        assert {box[0] // 20 for box in boxes_of(yard.predict(Detection, shown(room(), 20, number=11)))} == {0, 4}
        assert came[0] < 90


def test_each_session_compares_with_its_own_background() -> None:
    service, picture = (
        MotionDetector("motion", MotionDetectorAttributes(segment_size_px=100)),
        shown(room(), 50, number=1),
    )
    with service.open_session() as watching, service.open_session() as new:
        watching.predict(Detection, shown(room()))
        assert len(watching.predict(Detection, picture)) == 1
        assert new.predict(Detection, picture) == ()
        assert (watching.inferences, new.inferences, service.inferences) == (2, 1, 3)


def test_a_change_of_size_restarts_the_background(sessions: Sessions) -> None:
    session = sessions()
    session.predict(Detection, shown(room()))
    assert session.predict(Detection, shown(room(0, 120, 120), 50, number=1)) == ()
    assert len(session.predict(Detection, shown(room(0, 120, 120), number=2))) == 1


def test_a_new_session_starts_without_a_background() -> None:
    service = MotionDetector("motion", MotionDetectorAttributes(segment_size_px=100))
    with service.open_session() as session:
        session.predict(Detection, shown(room()))
    with service.open_session() as session:
        assert session.predict(Detection, shown(room(), 50, number=1)) == ()


def test_a_cut_is_not_motion(sessions: Sessions) -> None:
    session = sessions()
    session.predict(Detection, shown(room(1)))
    assert session.predict(Detection, shown(room(2), number=1)) == ()
    assert len(session.predict(Detection, shown(room(2), 50, number=2))) == 1


def test_an_old_frame_shows_motion_but_does_not_update_the_background(sessions: Sessions) -> None:
    session = sessions(history_s=0.1)
    for number in range(10, 20):
        session.predict(Detection, shown(room(), number=number))
    for _ in range(20):
        assert len(session.predict(Detection, shown(room(), 50, number=18))) == 1
    assert session.predict(Detection, shown(room(), number=20)) == ()


def test_a_restarted_stream_restarts_the_background(sessions: Sessions) -> None:
    session = sessions()
    session.predict(Detection, shown(room(), number=3000))
    assert len(session.predict(Detection, shown(room(), 50, number=0))) == 1
    assert session.predict(Detection, shown(room(), 50, number=1)) == ()


def test_single_pictures_are_ordered_by_the_clock(sessions: Sessions) -> None:
    session = sessions(history_s=1.0)
    still = [Frame(shown(room(), x).pixels, 0, Fraction(1), 100.0 + at) for at, x in enumerate((None, 50, 50, 50, 50))]
    assert [len(session.predict(Detection, frame)) for frame in still] == [0, 1, 1, 0, 0]


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


def test_camera_name_is_the_default_camera() -> None:
    assert MotionDetector.default_camera(MotionDetectorAttributes(camera_name="porch")) == "porch"


def test_a_large_picture_is_reduced_before_its_colours_are_converted(
    sessions: Sessions, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, reduced = sessions(), sessions()
    views = [shown(room(width=800, height=600), x, number=number) for number, x in enumerate((None, 50, 700))]
    found = [boxes_of(whole.predict(Detection, view), 800, 600) for view in views]
    monkeypatch.setattr("vision.motion_detector._LARGE_PX", 1)
    fresh = [shown(room(width=800, height=600), x, number=number) for number, x in enumerate((None, 50, 700))]
    assert [boxes_of(reduced.predict(Detection, view), 800, 600) for view in fresh] == found
    assert found[1] and found[2]
    assert not any("yuv" in view.pixels._cells for view in fresh)
