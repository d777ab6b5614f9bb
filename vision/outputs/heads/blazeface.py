"""BlazeFace: a box and six key points of a face per anchor, in pixels of the input from the anchor's centre.

Source: google-ai-edge/mediapipe, ``modules/face_detection/face_detection_short_range.pbtxt``
(``SsdAnchorsCalculator``: strides 8, 16, 16, 16, two anchors each, all of size 1; ``TensorsToDetectionsCalculator``:
scales of the input's size) and ``face_detection_full_range.pbtxt`` (stride 4, one anchor). The input is
letterboxed with black bars.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache

import numpy as np

from ...inputs import Preparation
from ..scores import SIGMOID, ScoredBoxes, sigmoid
from .evidence import Array, Evidence, Size
from .head import Head, HeadMatch, best_classes, corners, pixels_to_fractions

_GRIDS = {896: ((16, 2), (8, 6)), 2304: ((48, 1),)}  # by number of anchors: (cells per side, anchors per cell)
_COLUMNS = 16


@cache
def anchors(count: int) -> Array:
    """Return the centres of the anchors, (n, 2), in fractions of the input."""
    centres = []
    for side, in_cell in _GRIDS[count]:
        rows, columns = np.mgrid[:side, :side]
        cells = np.stack([columns, rows], axis=-1).reshape(-1, 2)
        centres.append((np.repeat(cells, in_cell, axis=0) + 0.5) / side)
    return np.concatenate(centres).astype(np.float32)


def find(model: Evidence) -> HeadMatch | None:
    """Return the outputs [1, anchors, 16] and [1, anchors, 1]."""
    shapes = model.shapes
    for boxes, shape in shapes.items():
        if len(shape) == 3 and shape[1] in _GRIDS and shape[2] == _COLUMNS:
            for scores, other in shapes.items():
                if other == shape[:2]:
                    return HeadMatch((boxes, scores), 1, model.fits(1))
    return None


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode centres and sizes in pixels, and scores that are logits."""
    values, scores = pixels_to_fractions(outputs[0][:, :4], size), outputs[1].reshape(-1, 1)
    boxes = corners(values[:, :2] + anchors(len(values)), values[:, 2:])
    return best_classes(boxes, sigmoid(scores))


_PREPARATION = Preparation(letterbox=True)

HEAD = Head(
    "blazeface",
    "outputs [1, 896, 16] and [1, 896, 1], or the same with 2304",
    find,
    decode,
    _PREPARATION,
    labels=("face",),
    iou_threshold=0.3,
    boxes="center and size in pixels of the input, from the center of an anchor",
    activation=SIGMOID,
)
