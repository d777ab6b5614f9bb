"""Pixel formats of a picture: colours, sizes, sharing."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

from cameras import CallTimeout, Image, Matrix, Pixels, working_for, yuv_from_rgb
from tests.places import WatchedPlace


def plain(color: tuple[int, int, int], matrix: Matrix, width: int = 16, height: int = 12) -> Pixels:
    """Return a picture of one colour (red, green, blue), born as planes."""
    y, u, v = yuv_from_rgb(*color, matrix)

    def plane(value: int, divisor: int) -> Image:
        return np.full((height // divisor, width // divisor), value, np.uint8)

    return Pixels.from_yuv(plane(y, 1), plane(u, 2), plane(v, 2), matrix)


@pytest.mark.parametrize("matrix", Matrix)
@pytest.mark.parametrize("color", [(0, 255, 0), (255, 0, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (12, 200, 120)])
def test_planes_are_converted_to_their_colour(color: tuple[int, int, int], matrix: Matrix) -> None:
    pixels = plain(color, matrix)
    assert np.abs(pixels.bgr[:, :, ::-1].astype(int) - color).max() <= 2
    assert np.abs(pixels.rgb(5, 7).astype(int) - color).max() <= 2


@pytest.mark.parametrize("color", [(0, 255, 0), (255, 0, 0), (20, 90, 160)])
def test_a_bgr_picture_becomes_planes_of_bt601_and_back(color: tuple[int, int, int]) -> None:
    image = np.full((12, 16, 3), color[::-1], np.uint8)
    planes = Pixels.from_bgr(image).yuv
    again = Pixels.from_yuv(*planes, Matrix.BT601)
    assert np.abs(again.bgr.astype(int) - image).max() <= 3


def test_an_odd_size_is_padded_in_the_planes_only() -> None:
    image = np.zeros((3, 5, 3), np.uint8)
    image[:, -1] = 255
    pixels = Pixels.from_bgr(image)
    assert (pixels.width, pixels.height) == (5, 3)
    assert [plane.shape for plane in pixels.yuv] == [(4, 6), (2, 3), (2, 3)]
    assert (pixels.yuv.y[:, -2:] == 235).all(), "the last column is repeated"
    assert (pixels.yuv.y[2] == pixels.yuv.y[3]).all(), "the last row is repeated"


def test_planes_can_be_views() -> None:
    y = np.arange(64 * 64, dtype=np.uint8).reshape(64, 64)
    u, v = np.full((32, 32), 128, np.uint8), np.full((32, 32), 128, np.uint8)
    window = Pixels.from_yuv(y[8:24, 4:36], u[4:12, 2:18], v[4:12, 2:18], Matrix.BT601)
    copied = Pixels.from_yuv(y[8:24, 4:36].copy(), u[4:12, 2:18].copy(), v[4:12, 2:18].copy(), Matrix.BT601)
    assert (window.bgr == copied.bgr).all()
    assert (window.rgb(9, 9) == copied.rgb(9, 9)).all()


def test_every_format_is_converted_once_and_read_only() -> None:
    pixels = plain((1, 2, 3), Matrix.BT709)
    assert pixels.bgr is pixels.bgr
    assert pixels.rgb(4, 4) is pixels.rgb(4, 4)
    for array in (pixels.bgr, pixels.rgb(4, 4), *pixels.yuv, *Pixels.from_bgr(pixels.bgr).yuv):
        with pytest.raises(ValueError, match="read-only"):
            array[0, 0] = 1


@pytest.mark.parametrize(
    "array",
    [
        np.zeros((4, 4), np.uint8),
        np.zeros((4, 4, 4), np.uint8),
        np.zeros((4, 4, 3), np.float32),
        np.zeros((0, 4, 3), np.uint8),
    ],
)
def test_an_array_that_is_not_a_picture_is_refused(array: Image) -> None:
    with pytest.raises(ValueError, match=r"a picture must be an array \(height, width, 3\) of uint8, got"):
        Pixels.from_bgr(array)


@pytest.mark.parametrize("shapes", [((4, 5), (2, 2), (2, 2)), ((4, 4), (2, 2), (2, 1)), ((4, 4), (4, 4), (4, 4))])
def test_planes_of_wrong_sizes_are_refused(shapes: tuple[tuple[int, int], ...]) -> None:
    y, u, v = (np.zeros(shape, np.uint8) for shape in shapes)
    with pytest.raises(ValueError, match="the Y plane must have an even size, U and V half of it"):
        Pixels.from_yuv(y, u, v, Matrix.BT601)


def test_a_cached_value_is_computed_once_for_many_threads() -> None:
    pixels = plain((1, 2, 3), Matrix.BT601)
    entered, go = threading.Event(), threading.Event()
    made: list[int] = []
    got: list[str] = []

    def make() -> str:
        made.append(1)
        entered.set()
        assert go.wait(5)
        return "result"

    threads = [threading.Thread(target=lambda: got.append(pixels.memo("key", make))) for _ in range(4)]
    for thread in threads:
        thread.start()
    assert entered.wait(5)
    assert pixels.memo("other", lambda: "free") == "free", "another key is not held up"
    go.set()
    for thread in threads:
        thread.join()
    assert (made, got) == ([1], ["result"] * 4)


def test_who_waits_for_the_computation_of_another_thread_gives_its_place_away() -> None:
    pixels, place = plain((1, 2, 3), Matrix.BT601), WatchedPlace()
    entered, go = threading.Event(), threading.Event()

    def make() -> str:
        entered.set()
        assert go.wait(5)
        return "result"

    def let_go() -> None:
        assert place.gave.acquire(timeout=5)
        go.set()

    maker = threading.Thread(target=lambda: pixels.memo("key", make))
    maker.start()
    assert entered.wait(5)
    with ThreadPoolExecutor(1) as pool, working_for(place):
        pool.submit(let_go)
        assert pixels.memo("key", make) == "result"
    maker.join()
    with working_for(place):
        pixels.memo("key", make)
        pixels.memo("other", lambda: "at once")
    assert place.notes == ["given", "back"]


def test_a_wait_for_another_request_that_is_stuck_has_an_end(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("cameras.picture.pixels._LOOK_S", 0.01)
    looks = iter([False, False, True])
    pixels, entered, go = plain((1, 2, 3), Matrix.BT601), threading.Event(), threading.Event()

    def make() -> str:
        entered.set()
        assert go.wait(5)
        return "result"

    maker = threading.Thread(target=lambda: pixels.memo("key", make))
    maker.start()
    assert entered.wait(5)
    with pytest.raises(CallTimeout):
        pixels.memo("key", make, lambda: next(looks))
    assert list(looks) == []
    go.set()
    maker.join()
    assert pixels.memo("key", make, lambda: True) == "result"


def test_a_failed_computation_is_retried() -> None:
    pixels = plain((1, 2, 3), Matrix.BT601)

    def fail() -> str:
        raise OSError("no")

    with pytest.raises(OSError, match="no"):
        pixels.memo("key", fail)
    assert pixels.memo("key", lambda: "now") == "now"
