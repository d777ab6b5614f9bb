"""YOLOv2: one grid with stride 32; each cell has five boxes with centre, size, objectness and a score per label.

Source: pjreddie/darknet, ``src/region_layer.c``, and the anchors of ``cfg/yolov2-tiny-voc.cfg``, the model in the ONNX
model zoo: RGB from 0 to 255.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...inputs import Preparation
from ..scores import SIGMOID, ScoredBoxes, sigmoid, softmax
from .evidence import Array, Evidence, Size
from .head import Head, HeadMatch, best_classes, corners

_STRIDE = 32
_PER_CELL = 5
_ANCHORS = ((1.08, 1.19), (3.42, 4.41), (6.63, 11.38), (9.42, 5.11), (16.62, 10.52))
_MAX_LOG = 20.0


def grid_output(model: Evidence) -> tuple[str, int] | None:
    """Return the output [1, 5 * (5 + labels), rows, columns], or with planes last, and the number of classes."""
    grid = (model.size[1] // _STRIDE, model.size[0] // _STRIDE)
    for name, shape in model.full.items():
        if len(shape) == 4 and len(model.full) == 1:
            planes = shape[1] if shape[2:] == grid else shape[3] if shape[1:3] == grid else 0
            if planes % _PER_CELL == 0 and planes // _PER_CELL > 5:
                return name, planes // _PER_CELL - 5
    return None


def find(model: Evidence) -> HeadMatch | None:
    """Return the output [1, 5 * (5 + labels), rows, columns]."""
    found = grid_output(model)
    if found is None:
        return None
    return HeadMatch((found[0],), found[1], found[0] == "grid", "a YOLOv2 grid, named grid as in the ONNX model zoo")


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode the grid with the anchors for Pascal VOC."""
    return decode_grid(outputs[0], _ANCHORS, classes)


def decode_grid(planes: Array, anchors: Sequence[tuple[float, float]], classes: int) -> ScoredBoxes:
    """Decode the planes of a grid, first or last.

    Args:
        planes: (5 * (5 + classes), rows, columns), or (rows, columns, 5 * (5 + classes)).
        anchors: Width and height of each anchor in cells.
        classes: Number of classes.
    """
    if planes.shape[-1] == _PER_CELL * (5 + classes):
        planes = np.moveaxis(planes, -1, 0)
    height, width = planes.shape[1:]
    rows = np.moveaxis(planes.reshape(_PER_CELL, 5 + classes, height, width), 1, -1)
    down, across = np.mgrid[:height, :width].astype(np.float32)
    grid = np.array([width, height], np.float32)
    centres = (sigmoid(rows[..., :2]) + np.stack([across, down], axis=-1)) / grid
    sizes = np.exp(rows[..., 2:4].clip(-_MAX_LOG, _MAX_LOG)) * np.array(anchors, np.float32)[:, None, None] / grid
    scores = sigmoid(rows[..., 4:5]) * softmax(rows[..., 5:])
    return best_classes(corners(centres.reshape(-1, 2), sizes.reshape(-1, 2)), scores.reshape(-1, classes))


HEAD = Head(
    "yolov2",
    "an output [1, 5 * (5 + labels), rows, columns] with the stride 32",
    find,
    decode,
    Preparation((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255), size=(416, 416)),
    iou_threshold=0.45,
    boxes="center in cells and size in anchors",
    activation=SIGMOID,
)
