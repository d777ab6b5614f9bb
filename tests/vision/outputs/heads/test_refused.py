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


@pytest.mark.parametrize(
    "outputs",
    [
        {"a": (1, 3, 80, 80, 85), "b": (1, 3, 40, 40, 85), "c": (1, 3, 20, 20, 85)},
        {"a": (1, 255, 80, 80), "b": (1, 255, 40, 40)},
        {"a": (1, 20, 20, 255), "b": (1, 40, 40, 255)},
        {f"{kind}{side}": (1, planes, side, side) for kind, planes in (("b", 64), ("c", 80)) for side in (80, 40, 20)},
    ],
)
def test_undecoded_grids_of_a_yolo_are_refused_by_name(outputs: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="are the undecoded grids of a YOLO, .*; export it with its decoding"):
        find_head(None, ran(outputs))
    assert find_head("none", ran(outputs)) is None


@pytest.mark.parametrize(
    "outputs",
    [
        {"hm": (1, 80, 160, 160), "wh": (1, 2, 160, 160), "reg": (1, 2, 160, 160)},
        {"hm": (1, 160, 160, 1), "wh": (1, 160, 160, 2), "reg": (1, 160, 160, 2)},
        {f"{kind}{side}": (1, planes, side, side) for kind, planes in (("c", 80), ("b", 4)) for side in (80, 40)},
    ],
)
def test_maps_of_boxes_are_refused_by_name(outputs: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="are maps of scores and of boxes, as those of CenterNet and FCOS"):
        find_head(None, ran(outputs, labels=80))
    assert find_head(None, ran({"a": (1, 21, 160, 160), "b": (1, 2, 160, 160)}, labels=21)) is None


def test_rows_of_openvino_are_refused_by_name() -> None:
    with pytest.raises(ModelError, match="as those of OpenVINO and Caffe, which are not supported"):
        find_head(None, ran({"detection_out": (1, 1, 100, 7)}, (300, 300)))


def test_maps_with_a_plane_for_each_label_are_no_grids() -> None:
    assert find_head(None, ran({"a": (1, 21, 80, 80), "b": (1, 21, 40, 40)}, labels=21)) is None


@pytest.mark.parametrize("outputs", [{"out": (1, 1001)}, {"out": (1, 100, 85)}, {"a": (1, 10, 4), "b": (1, 10)}])
def test_other_models_are_not(outputs: dict[str, Any]) -> None:
    assert find_head(None, ran(outputs)) is None
