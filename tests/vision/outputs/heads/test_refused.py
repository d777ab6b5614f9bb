from __future__ import annotations

from typing import Any

import pytest

from vision import ModelError
from vision.outputs.heads.table import find_head

from .given import ran

SCRFD = {
    f"{number}{columns}": (rows, columns) for columns in (1, 4, 10) for number, rows in enumerate((12800, 3200, 800))
}


@pytest.mark.parametrize(
    ("outputs", "size", "name"),
    [
        ({"score_8": (1, 12800, 1), "bbox_8": (1, 12800, 4), "kps_8": (1, 12800, 10)}, (640, 640), "SCRFD"),
        (SCRFD, (640, 640), "SCRFD"),
        ({"output": (1, 3598, 112)}, (416, 416), "NanoDet"),
        ({"output": (1, 2125, 112)}, (320, 320), "NanoDet"),
        ({"multiclass_nms3_0.tmp_0": (100, 6), "multiclass_nms3_0.tmp_2": (1,)}, (640, 640), "PP-YOLOE"),
        ({"boxes": (1, 8400, 4), "scores": (1, 80, 8400)}, (640, 640), "PP-YOLOE"),
    ],
)
def test_a_known_family_without_a_head_is_refused_by_name(
    outputs: dict[str, Any], size: tuple[int, int], name: str
) -> None:
    with pytest.raises(ModelError, match=f"{name}.*not supported; export it with its post-processing"):
        find_head(None, ran(outputs, size))


@pytest.mark.parametrize("outputs", [{"out": (1, 1001)}, {"out": (1, 100, 85)}, {"a": (1, 10, 4), "b": (1, 10)}])
def test_other_models_are_not(outputs: dict[str, Any]) -> None:
    assert find_head(None, ran(outputs)) is None
