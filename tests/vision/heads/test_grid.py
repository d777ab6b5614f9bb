from __future__ import annotations

from vision.heads.grid import LARGE_STRIDES, cell_count, cells, has_cells


def test_cells_are_counted_over_all_grids() -> None:
    assert cell_count((640, 640)) == 8400
    assert cell_count((1280, 1280), LARGE_STRIDES) == 34000
    assert has_cells(25200, (640, 640), per_cell=3)
    assert has_cells(34000, (1280, 1280))
    assert not has_cells(8401, (640, 640))


def test_cells_go_row_by_row_through_one_grid_after_the_other() -> None:
    places, strides = cells((64, 32))
    assert places[[0, 1, 7, 8, 31, 32]].tolist() == [[0, 0], [1, 0], [7, 0], [0, 1], [7, 3], [0, 0]]
    assert strides.reshape(-1).tolist() == [8] * 32 + [16] * 8 + [32] * 2
