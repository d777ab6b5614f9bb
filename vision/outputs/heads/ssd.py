"""SSD with MobileNet, without its post-processing: a box and scores per anchor; column 0 is the background.

Source: tensorflow/models, ``object_detection/anchor_generators/multiple_grid_anchor_generator.py``
(``create_ssd_anchors``: six layers, scales 0.2 to 0.95, reduced boxes in the lowest) and
``box_coders/faster_rcnn_box_coder.py`` with the scales 10, 10, 5, 5 of the ``ssd_mobilenet`` configurations.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import cache, partial

import numpy as np

from ..scores import NO_ACTIVATION, ScoredBoxes
from .evidence import Array, Evidence, Size
from .head import Head, HeadMatch, best_classes, corners, probabilities

_STRIDES = (16, 32, 64, 128, 256, 512)
_SCALES = (0.2, 0.35, 0.5, 0.65, 0.8, 0.95, 1.0)
_RATIOS = (1.0, 2.0, 1 / 2, 3.0, 1 / 3)
_LOWEST = ((0.1, 1.0), (0.2, 2.0), (0.2, 0.5))  # scale and ratio of the reduced boxes
_CENTRE, _SIZE = 10.0, 5.0
_MAX_LOG = 20.0


@cache
def anchors(size: Size) -> Array:
    """Return the anchors of an input, (n, 4) centre and size in fractions."""
    width, height = size
    made = []
    for layer, stride in enumerate(_STRIDES):
        rows, columns = np.mgrid[: -(-height // stride), : -(-width // stride)]
        cells = np.stack([(columns + 0.5) / columns.shape[1], (rows + 0.5) / rows.shape[0]], axis=-1).reshape(-1, 2)
        pairs: tuple[tuple[float, float], ...] = _LOWEST
        if layer:
            between = math.sqrt(_SCALES[layer] * _SCALES[layer + 1])
            pairs = (*((_SCALES[layer], ratio) for ratio in _RATIOS), (between, 1.0))
        sizes = np.array([[scale * math.sqrt(ratio), scale / math.sqrt(ratio)] for scale, ratio in pairs])
        sizes *= np.array([min(size) / width, min(size) / height])  # scales refer to the shorter side
        made.append(np.hstack([np.repeat(cells, len(pairs), axis=0), np.tile(sizes, (len(cells), 1))]))
    return np.concatenate(made).astype(np.float32)


def find(model: Evidence) -> HeadMatch | None:
    """Return the outputs [1, anchors, 4] and [1, anchors, 1 + labels]."""
    shapes, size = model.shapes, model.size
    for boxes, shape in shapes.items():
        if len(shape) != 3 or shape[2] != 4 or shape[1] != len(anchors(size)):
            continue
        for scores, other in shapes.items():
            if len(other) == 3 and other[1] == shape[1] and other[2] > 1 and scores != boxes:
                activation = model.declared_activation or model.activation_of(scores, 0, other[2], 1)
                return HeadMatch(
                    (boxes, scores),
                    other[2] - 1,
                    activation is not None,
                    activation=activation or NO_ACTIVATION,
                    decode=partial(decode, activation=activation or NO_ACTIVATION),
                )
    return None


def decode(outputs: Sequence[Array], size: Size, classes: int, *, activation: str = NO_ACTIVATION) -> ScoredBoxes:
    """Decode y, x, height and width relative to the anchors, in the coder's scales.

    Args:
        outputs: The boxes and the scores.
        size: Width and height of the input.
        classes: Number of labels.
        activation: What the scores need to be probabilities.
    """
    values, scores = outputs[0][:, [1, 0, 3, 2]], probabilities(outputs[1], activation)[:, 1:]
    made = anchors(size)
    if are_corners(values, made):
        return best_classes(values, scores)
    centres = made[:, :2] + values[:, :2] / _CENTRE * made[:, 2:]
    sizes = made[:, 2:] * np.exp((values[:, 2:] / _SIZE).clip(-_MAX_LOG, _MAX_LOG))
    return best_classes(corners(centres, sizes), scores)


def are_corners(values: Array, made: Array) -> bool:
    """Return whether boxes are finished: corners in their order, and nearly all of them about their anchor."""
    ordered = (values[:, :2] < values[:, 2:]).all(axis=1)
    near = (np.abs((values[:, :2] + values[:, 2:]) / 2 - made[:, :2]) < 0.3).all(axis=1)
    return bool(np.mean(ordered & near) > 0.9)


HEAD = Head(
    "ssd_anchors",
    "outputs [1, anchors, 4] and [1, anchors, 1 + labels], as many anchors as the input has",
    find,
    decode,
    iou_threshold=0.6,
    boxes="center and logarithm of the size, relative to anchors",
)
