"""FastestDet: one grid with stride 16; each cell has a score, a box and a score per label, planes first.

Source: dog-qiuqiu/FastestDet, ``example/onnx-runtime/runtime.py``: score and labels come as probabilities, offsets
are put through tanh, sizes through the sigmoid; the confidence is score to the 0.6 times label to the 0.4. BGR as
fractions.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...inputs import Preparation
from ..scores import ScoredBoxes, sigmoid
from .evidence import Array, Evidence, Size
from .head import Head, HeadMatch, best_classes, corners

_STRIDE = 16
_SCORE_POWER, _LABEL_POWER = 0.6, 0.4
_COCO = 80  # classes of the published models


def find(model: Evidence) -> HeadMatch | None:
    """Return the output [1, 5 + labels, rows, columns]."""
    shapes, size, labels = model.shapes, model.size, model.labels
    for name, shape in shapes.items():
        if len(shape) == 4 and shape[1] > 5:
            classes = shape[1] - 5
            grid = (size[1] // _STRIDE, size[0] // _STRIDE)
            return HeadMatch(
                (name,), classes, shape[2:] == grid and (model.fits(classes) if labels else classes == _COCO)
            )
    return None


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode planes of score, offset, size and a score per label."""
    planes = outputs[0]
    height, width = planes.shape[1:]
    rows, columns = np.mgrid[:height, :width]
    cells = np.stack([columns, rows], axis=-1).reshape(-1, 2)
    values = planes.reshape(len(planes), -1).T
    centres = (cells + np.tanh(values[:, 1:3])) / np.array([width, height])
    boxes = corners(np.asarray(centres, np.float32), sigmoid(values[:, 3:5]))
    scores = values[:, :1].clip(0.0, 1.0) ** _SCORE_POWER * values[:, 5 : 5 + classes].clip(0.0, 1.0) ** _LABEL_POWER
    return best_classes(boxes, np.asarray(scores, np.float32))


_PREPARATION = Preparation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), bgr=True)

HEAD = Head("fastestdet", "an output [1, 5 + labels, rows, columns]", find, decode, _PREPARATION)
