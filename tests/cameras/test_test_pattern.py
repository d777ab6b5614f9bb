import threading
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from cameras.base import CameraError
from cameras.pattern.scene import Scene, read_frame_number
from cameras.picture.frame import Intrinsics
from cameras.test_pattern import TestPattern, TestPatternAttributes

SMALL = {"width_px": 160, "height_px": 120}


class Clock:
    """A clock turned by hand."""

    def __init__(self) -> None:
        self.now_s = 500.0

    def __call__(self) -> float:
        return self.now_s


def camera(clock: Callable[[], float] | None = None, *, paced: bool = True, **attributes: Any) -> TestPattern:
    more = {} if clock is None else {"clock": clock}
    return TestPattern("pattern", TestPatternAttributes(**{**SMALL, **attributes}), paced=paced, **more)


def test_unpaced_it_returns_every_picture_with_its_number_and_time() -> None:
    pattern = camera(paced=False, seed=4, frame_rate=25)
    pattern.open()
    frames = [pattern.read() for _ in range(6)]
    pattern.close()
    assert [frame.pts for frame in frames] == list(range(6))
    assert {frame.time_base for frame in frames} == {Fraction(1, 25)}
    assert [read_frame_number(frame.image) for frame in frames] == list(range(6))
    assert np.array_equal(frames[3].image, Scene(4, 160, 120, 25).render(3).image)
    assert frames[0].trace[0].stage == "captured" and frames[0].depth is None
    assert (frames[0].width, frames[0].height) == (160, 120)


def test_an_ntsc_rate_keeps_its_exact_time_base() -> None:
    pattern = camera(paced=False, frame_rate=30000 / 1001)
    pattern.open()
    assert pattern.read().time_base == Fraction(1001, 30000)
    assert pattern.frame_rate == 30000 / 1001
    pattern.close()


def test_the_number_follows_the_clock_when_paced() -> None:
    clock = Clock()
    pattern = camera(clock, frame_rate=30)
    pattern.open()
    for elapsed_s, number in [(0.0, 0), (0.034, 1), (0.07, 2), (3600.0, 108_000), (86_400.001, 2_592_000)]:
        clock.now_s = 500.0 + elapsed_s
        frame = pattern.read()
        assert frame.pts == number == read_frame_number(frame.image)
    pattern.close()


def test_a_stall_skips_pictures() -> None:
    clock = Clock()
    pattern = camera(clock, frame_rate=100)
    pattern.open()
    assert pattern.read().pts == 0
    clock.now_s += 2.0
    assert pattern.read().pts == 200
    clock.now_s += 0.0105
    assert pattern.read().pts == 201
    pattern.close()


def test_paced_it_waits_until_a_picture_is_due() -> None:
    clock = Clock()
    pattern = camera(clock, frame_rate=20)
    waited: list[float] = []

    class Closed(threading.Event):
        def wait(self, timeout: float | None = None) -> bool:
            waited.append(timeout or 0.0)
            clock.now_s += timeout or 0.0
            return False

    pattern._closed = Closed()
    pattern.open()
    assert [pattern.read().pts for _ in range(4)] == [0, 1, 2, 3]
    assert waited == pytest.approx([0.0, 0.05, 0.05, 0.05], abs=1e-6)
    pattern.close()


def test_close_ends_a_waiting_read() -> None:
    pattern = camera(frame_rate=0.01)
    pattern.open()
    pattern.read()
    errors: list[str] = []
    waiting = threading.Event()

    def read() -> None:
        waiting.set()
        try:
            pattern.read()
        except CameraError as error:
            errors.append(str(error))

    reader = threading.Thread(target=read)
    reader.start()
    waiting.wait()
    pattern.close()
    reader.join(5)
    assert errors == ["closed"]


def test_it_can_be_reopened_and_closed_twice() -> None:
    pattern = camera(paced=False)
    pattern.close()
    with pytest.raises(CameraError, match="closed"):
        pattern.read()
    for _ in range(2):
        pattern.open()
        assert [pattern.read().pts, pattern.read().pts] == [0, 1]
        pattern.close()
        pattern.close()
    with pytest.raises(CameraError, match="closed"):
        pattern.read()


def test_depth_comes_with_the_picture_on_request() -> None:
    pattern = camera(paced=False, depth=True)
    pattern.open()
    frame = pattern.read()
    depth, lens = frame.depth, frame.intrinsics
    pattern.close()
    assert depth is not None and depth.shape == (120, 160) and depth.dtype == np.uint16
    assert set(np.unique(depth).tolist()) >= {900, 2200, 4000}
    assert lens == Intrinsics(160, 120, 160.0, 160.0, 80.0, 60.0)


def test_defaults_of_the_attributes() -> None:
    attributes = TestPatternAttributes()
    assert attributes.model_dump() == {"width_px": 1280, "height_px": 720, "frame_rate": 30, "seed": 0, "depth": False}


@pytest.mark.parametrize(
    ("attributes", "message"),
    [
        ({"width_px": 63}, "Input should be greater than or equal to 64"),
        ({"height_px": 4097}, "Input should be less than or equal to 4096"),
        ({"frame_rate": 0}, "Input should be greater than 0"),
        ({"frame_rate": 121}, "Input should be less than or equal to 120"),
        ({"frame_rate": float("nan")}, "Input should be a finite number"),
        ({"seed": -1}, "Input should be greater than or equal to 0"),
        ({"depth": 1}, "Input should be a valid boolean"),
        ({"colour": "red"}, "Extra inputs are not permitted"),
    ],
)
def test_attributes_out_of_range_are_refused(attributes: dict[str, Any], message: str) -> None:
    with pytest.raises(ValidationError, match=message):
        TestPatternAttributes(**attributes)
