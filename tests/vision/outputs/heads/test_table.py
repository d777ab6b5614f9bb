from __future__ import annotations

import typing
from typing import Any

import numpy as np
import pytest

from vision import MlModelAttributes, ModelError
from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.table import HEADS, find_head

from .given import ran

BLAZEFACE = {"regressors": (1, 896, 16), "classificators": (1, 896, 1)}


def test_every_head_may_be_declared() -> None:
    declared = typing.get_args(typing.get_args(MlModelAttributes.model_fields["head"].annotation)[0])
    assert sorted(declared) == sorted([*HEADS, "none", "ssd"])
    assert all(head.name == name for name, head in HEADS.items())


@pytest.mark.parametrize(
    ("shapes", "size", "labels", "head"),
    [
        (BLAZEFACE, (128, 128), 0, "blazeface"),
        ({"758": (1, 85, 22, 22)}, (352, 352), 80, "fastestdet"),
        ({"boxes": (1, 4420, 4), "scores": (1, 4420, 2)}, (320, 240), 0, "ultraface"),
        ({"b": (1, 1917, 1, 4), "s": (1, 1917, 91)}, (300, 300), 0, "ssd_anchors"),
        ({"out": (1, 25200, 85)}, (640, 640), 0, "yolov5"),
        ({"out": (1, 84, 8400)}, (640, 640), 0, "yolov8"),
        ({"output0": (1, 300, 6)}, (640, 640), 80, "yolov10"),
        ({"output0": (1, 300, 38), "masks": (1, 32, 160, 160)}, (640, 640), 80, "yolov10"),
        ({"out": (1, 567, 6)}, (96, 96), 0, "yolov5"),
        ({"out": (1, 525, 6)}, (160, 160), 1, "yolox"),
        ({"out": (1, 8400, 85)}, (640, 640), 0, "yolox"),
        ({"out": (1, 8400, 85)}, (640, 640), 80, "yolox"),
        ({"out": (1, 8400, 85)}, (640, 640), 81, "yolov8"),  # rows first
        ({"out": (1, 8400, 84)}, (640, 640), 0, "yolov8"),
        ({"out": (1, 8400, 9)}, (640, 640), 0, None),  # YOLOX with 4 labels, or YOLOv8 with 5
        ({"out": (1, 8400, 9)}, (640, 640), 4, "yolox"),
        ({"out": (1, 8400, 9)}, (640, 640), 5, "yolov8"),
        ({"b": (1, 10, 4), "c": (1, 10), "s": (1, 10), "n": (1,)}, (300, 300), 90, None),
        ({"out": (1, 1001)}, (224, 224), 0, None),
        ({"out": (1, 257, 257, 21)}, (257, 257), 21, None),
        ({"out": (1, 21, 32, 32)}, (512, 512), 21, None),
    ],
)
def test_a_head_is_inferred_from_unambiguous_shapes(
    shapes: dict[str, tuple[int, ...]], size: tuple[int, int], labels: int, head: str | None
) -> None:
    found = find_head(None, Evidence(shapes, size, labels))
    assert (found and found[0].name) == head
    assert find_head("none", Evidence(shapes, size, labels)) is None


def doubt(outputs: dict[str, Any], labels: int = 0) -> str:
    with pytest.raises(ModelError) as caught:
        find_head(None, ran(outputs, labels=labels))
    return str(caught.value)


def test_rows_that_may_begin_with_y_are_refused_with_what_to_declare() -> None:
    rows = np.zeros((1, 30, 6))
    rows[0, 3] = [10, 20, 300, 400, 0.9, 2]
    assert doubt({"out": rows}) == (
        "out has at most 1000 rows of a box, a score and a class, but nothing shows whether its corners begin with x: "
        "declare head: yolov10 if they do; otherwise it is not supported"
    )
    assert find_head(None, ran({"output0": rows})) is not None


@pytest.mark.parametrize(
    ("outputs", "labels"),
    [
        ({"a": np.full((1, 100, 3), -4.0), "b": np.full((1, 100, 4), 0.3)}, 3),
        ({"a": np.tile([0.3, 0.3, 0.2, 0.2, 0.9, 1.0], (1, 100, 1))}, 3),
    ],
)
def test_boxes_that_may_be_top_left_corners_and_sizes_are_refused(outputs: dict[str, Any], labels: int) -> None:
    message = doubt(outputs, labels)
    assert "could be centers and sizes, or top left corners and sizes, which camweave does not take" in message
    assert message.endswith("head: rtdetr if they are centers")


@pytest.mark.parametrize(
    ("rows", "labels", "columns_first"), [(2100, 3, True), (2100, 3, False), (2100, 2, False), (6300, 2, False)]
)
def test_corners_are_not_taken_for_centers(rows: int, labels: int, columns_first: bool) -> None:
    random = np.random.default_rng(0)
    made = np.zeros((1, rows, 7))
    made[0, :, :2] = random.uniform(0, 280, (rows, 2))
    made[0, :, 2:4] = made[0, :, :2] + random.uniform(5, 40, (rows, 2))
    outputs = {"out": made.transpose(0, 2, 1) if columns_first else made}
    with pytest.raises(ModelError, match=r"but its boxes are corners, not centers and sizes, .*; export it with its"):
        find_head(None, ran(outputs, (320, 320), labels))
    made[0, :, 2:4] -= made[0, :, :2]
    found = find_head(None, ran(outputs, (320, 320), labels))
    assert found is not None and found[0].name in ("yolov8", "yolox", "yolov5")


def test_scores_that_may_need_a_softmax_or_a_sigmoid_are_refused() -> None:
    outputs = {"a": np.full((1, 100, 7), 3.0), "b": np.full((1, 100, 4), 0.7)}
    assert doubt(outputs).endswith(
        "nothing shows whether its scores need a softmax or a sigmoid: declare head: detr for a softmax, head: rtdetr "
        "for a sigmoid"
    )


def test_a_declared_head_matches_ambiguous_shapes() -> None:
    found = find_head("yolov5", Evidence({"out": (1, 100, 7)}, (640, 640), 0))
    assert found is not None
    assert (found[0].name, found[1].classes) == ("yolov5", 2)


@pytest.mark.parametrize("name", sorted(HEADS))
def test_a_declared_head_that_the_outputs_contradict_is_refused(name: str) -> None:
    with pytest.raises(ModelError) as caught:
        find_head(name, Evidence({"scores": (1, 1001)}, (224, 224), 0))
    assert str(caught.value) == f"head: {name} needs {HEADS[name].wanted}; the outputs are scores [1, 1001]"
