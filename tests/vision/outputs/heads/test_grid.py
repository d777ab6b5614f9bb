from __future__ import annotations

from vision.outputs.heads.grid import (
    LARGE_STRIDES,
    SMALL_STRIDES,
    cell_count,
    cells,
    has_cells,
    mask_coefficients,
    strides_of,
)


def test_cells_are_counted_over_all_grids() -> None:
    assert cell_count((640, 640)) == 8400
    assert cell_count((1280, 1280), LARGE_STRIDES) == 34000
    assert has_cells(25200, (640, 640), per_cell=3)
    assert has_cells(34000, (1280, 1280))
    assert not has_cells(8401, (640, 640))


def test_strides_follow_from_the_number_of_rows() -> None:
    assert strides_of(8500, (640, 640)) == LARGE_STRIDES
    assert strides_of(34000, (640, 640)) == SMALL_STRIDES
    assert strides_of(34000, (1280, 1280)) == LARGE_STRIDES
    assert strides_of(8401, (640, 640)) == ()


def test_masks_are_a_quarter_of_the_input_and_as_many_as_their_coefficients() -> None:
    assert mask_coefficients({"out": (1, 116, 8400), "masks": (1, 32, 160, 160)}, (640, 640)) == 32
    assert mask_coefficients({"masks": (1, 24, 40, 32)}, (160, 96)) == 32
    assert mask_coefficients({"out": (1, 85, 22, 22)}, (352, 352)) == 0


def test_cells_are_ordered_by_grid_and_row() -> None:
    places, strides = cells((64, 32))
    assert places[[0, 1, 7, 8, 31, 32]].tolist() == [[0, 0], [1, 0], [7, 0], [0, 1], [7, 3], [0, 0]]
    assert strides.reshape(-1).tolist() == [8] * 32 + [16] * 8 + [32] * 2
