from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from cameras import Matrix, Pixels, as_mask, yuv_from_rgb
from transforms.painting.surface import BgrSurface, Rectangle, Surface, YuvSurface, draw_outline, plate_for, surface_for

ORANGE = (230, 159, 0)
GRAY = (100, 100, 100)


def planes(width: int, height: int, matrix: Matrix = Matrix.BT601) -> Pixels:
    y, u, v = yuv_from_rgb(*GRAY, matrix)
    half = (height // 2, width // 2)
    return Pixels.from_yuv(
        np.full((height, width), y, np.uint8), np.full(half, u, np.uint8), np.full(half, v, np.uint8), matrix
    )


def image(width: int, height: int) -> Pixels:
    return Pixels.from_bgr(np.full((height, width, 3), GRAY[::-1], np.uint8))


def test_a_surface_keeps_the_pixel_format_of_its_picture() -> None:
    assert isinstance(surface_for(planes(4, 4)), YuvSurface)
    assert isinstance(surface_for(image(3, 3)), BgrSurface)


@pytest.mark.parametrize("make", [planes, image])
def test_a_filled_rectangle_excludes_its_maxima(make: Callable[[int, int], Pixels]) -> None:
    pixels = make(16, 12)
    surface = surface_for(pixels)
    surface.fill((4, 2, 8, 6), ORANGE)
    drawn = surface.pixels().bgr.astype(int)
    inside, outside = drawn[2:6, 4:8], np.concatenate([drawn[:2].reshape(-1, 3), drawn[:, 9:].reshape(-1, 3)])
    assert np.abs(inside - ORANGE[::-1]).max() <= 3
    assert np.abs(outside - 100).max() <= 2
    assert (pixels.bgr == pixels.bgr[0, 0]).all(), "the picture given is not touched"


@pytest.mark.parametrize("matrix", Matrix)
def test_colors_are_those_of_the_pictures_own_matrix(matrix: Matrix) -> None:
    surface = YuvSurface(planes(8, 8, matrix))
    surface.fill((0, 0, 8, 8), ORANGE)
    assert np.abs(surface.pixels().bgr.astype(int) - ORANGE[::-1]).max() <= 3


def test_a_half_covered_color_sample_takes_half_of_the_color() -> None:
    pixels = planes(8, 8)
    surface = YuvSurface(pixels)
    surface.fill((1, 2, 5, 6), ORANGE)
    before, after = pixels.yuv.u[1].astype(int), surface.pixels().yuv.u[1].astype(int)
    full = yuv_from_rgb(*ORANGE, Matrix.BT601)[1]
    assert after.tolist() == [round((before[0] + full) / 2), full, round((before[2] + full) / 2), before[3]]


@pytest.mark.parametrize(
    "rectangle", [(-5, -5, 3, 3), (6, 6, 20, 20), (-9, -9, -1, -1), (9, 9, 12, 12), (5, 5, 5, 9), (3, 3, 2, 2)]
)
@pytest.mark.parametrize("make", [planes, image])
def test_drawing_outside_the_picture_has_no_effect(make: Callable[[int, int], Pixels], rectangle: Rectangle) -> None:
    surface = surface_for(make(8, 8))
    surface.fill(rectangle, ORANGE)
    assert surface.pixels().bgr.shape == (8, 8, 3)


@pytest.mark.parametrize(("top", "left"), [(7, 9), (8, 10), (0, 0), (21, 33), (17, 30)])
def test_a_mask_is_tinted_inside_a_line_in_full_color(top: int, left: int) -> None:
    bottom, right = top + 11, left + 15
    mask, inner = np.zeros((32, 48), bool), np.zeros((32, 48), bool)
    mask[top:bottom, left:right] = True
    # The picture's own edge gets no line.
    inner[top + 2 * (top > 0) : bottom - 2 * (bottom < 32), left + 2 * (left > 0) : right - 2 * (right < 48)] = True

    def expected(old: int, new: int, area: NDArray[np.bool_], tinted: NDArray[np.bool_]) -> NDArray[np.int64]:
        return np.where(area, np.where(tinted, (old + new) // 2, new), old)

    bgr, yuv = BgrSurface(image(48, 32)), YuvSurface(planes(48, 32))
    for surface in (bgr, yuv):
        surface.tint(as_mask(mask), ORANGE, 0.5, 2)
    for channel, new in enumerate(ORANGE[::-1]):
        np.testing.assert_allclose(bgr.pixels().bgr[:, :, channel], expected(100, new, mask, inner), atol=1)
    before, after = yuv_from_rgb(*GRAY, Matrix.BT601), yuv_from_rgb(*ORANGE, Matrix.BT601)
    luma, *chroma = yuv.pixels().yuv
    np.testing.assert_allclose(luma, expected(before[0], after[0], mask, inner), atol=1)
    covered, tinted = (area.reshape(16, 2, 24, 2).mean(axis=(1, 3)) for area in (mask, inner))
    clear = np.isin(covered, (0, 1)) & np.isin(tinted, (0, 1))  # samples that are all outside, all line or all tinted
    assert np.count_nonzero(clear & (tinted == 1)) >= 12
    for plane, old, new in zip(chroma, before[1:], after[1:], strict=True):
        np.testing.assert_allclose(plane[clear], expected(old, new, covered == 1, tinted == 1)[clear], atol=1)


def test_an_outline_has_an_empty_middle() -> None:
    surface = BgrSurface(image(20, 20))
    draw_outline(surface, (2, 4, 18, 16), 2, ORANGE)
    colored = (surface.pixels().bgr == ORANGE[::-1]).all(axis=2)
    assert colored[4:6, 2:18].all() and colored[14:16, 2:18].all() and colored[4:16, 2:4].all()
    assert colored[4:16, 16:18].all()
    assert not colored[6:14, 4:16].any()
    assert colored.sum() == 16 * 12 - 12 * 8


def test_a_small_outline_gets_thin_lines() -> None:
    surface = BgrSurface(image(20, 20))
    draw_outline(surface, (4, 4, 8, 8), 10, ORANGE)
    assert (surface.pixels().bgr == ORANGE[::-1]).all(axis=2).sum() == 16 - 4


@pytest.mark.parametrize("held_as", ["planes", "image"])
def test_a_plate_has_its_color_and_legible_letters(held_as: str) -> None:
    surface: Surface = surface_for(planes(160, 60) if held_as == "planes" else image(160, 60))
    plate = plate_for("star: 0.98", 20, None, ORANGE, (0, 0, 0))
    surface.lay(plate, 10, 20)
    drawn = surface.pixels().bgr[20 : 20 + plate.height, 10 : 10 + plate.width].astype(int)
    assert (plate.width % 2, plate.height % 2) == (0, 0)
    assert np.abs(drawn[:2] - ORANGE[::-1]).max() <= 3, "there is room above the letters"
    assert drawn.max(axis=2).min() < 40, "letters are black"
    dark = (drawn.max(axis=2) < 100).mean()
    assert 0.05 < dark < 0.4


@pytest.mark.parametrize("make", [planes, image])
def test_a_plate_over_the_edge_is_cut(make: Callable[[int, int], Pixels]) -> None:
    surface = surface_for(make(30, 20))
    surface.lay(plate_for("a long label: 0.98", 20, None, ORANGE, (0, 0, 0)), 20, 10)
    drawn = surface.pixels().bgr.astype(int)
    assert np.abs(drawn[10, 20:] - ORANGE[::-1]).max() <= 3
    assert np.abs(drawn[:9, :19] - 100).max() <= 2
