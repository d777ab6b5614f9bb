"""Ultra-Light-Fast-Generic-Face-Detector (RFB and slim): a box and scores for background and face per anchor.

Source: Linzaer/Ultra-Light-Fast-Generic-Face-Detector-1MB, ``vision/ssd/config/fd_config.py`` and
``tflite/TFLiteFaceDetector.py``: strides 8, 16, 32 and 64, variances 0.1 and 0.2. The ONNX exports with
post-processing output corners. RGB, (value - 127) / 128.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache, partial

import numpy as np

from ...inputs import Preparation
from ..scores import NO_ACTIVATION, SOFTMAX, ScoredBoxes
from .evidence import Array, Evidence, Size
from .head import Head, HeadMatch, best_classes, corners, probabilities
from .ssd import are_corners

_LAYERS = ((8, (10, 16, 24)), (16, (32, 48)), (32, (64, 96)), (64, (128, 192, 256)))  # stride, sides in pixels
_CENTRE, _SIZE = 0.1, 0.2
_MAX_LOG = 20.0


@cache
def anchors(size: Size) -> Array:
    """Return the anchors of an input, (n, 4) centre and size in fractions."""
    width, height = size
    made = []
    for stride, sides in _LAYERS:
        rows, columns = np.mgrid[: -(-height // stride), : -(-width // stride)]
        cells = np.stack([(columns + 0.5) / columns.shape[1], (rows + 0.5) / rows.shape[0]], axis=-1).reshape(-1, 2)
        sizes = np.array([[side / width, side / height] for side in sides])
        made.append(np.hstack([np.repeat(cells, len(sides), axis=0), np.tile(sizes, (len(cells), 1))]))
    return np.concatenate(made).clip(0.0, 1.0).astype(np.float32)


def find(model: Evidence) -> HeadMatch | None:
    """Return the outputs [1, anchors, 4] and [1, anchors, 2]."""
    shapes, size = model.shapes, model.size
    for boxes, shape in shapes.items():
        scores = next((name for name, other in shapes.items() if other == (*shape[:2], 2)), None)
        if len(shape) == 3 and shape[2] == 4 and scores is not None and shape[1] == len(anchors(size)):
            activation = model.declared_activation or (NO_ACTIVATION if model.sums_to_one(scores) else SOFTMAX)
            return HeadMatch(
                (boxes, scores),
                1,
                model.fits(1) or model.fits(2),
                activation=activation,
                decode=partial(decode, activation=activation),
            )
    return None


def decode(outputs: Sequence[Array], size: Size, classes: int, *, activation: str = NO_ACTIVATION) -> ScoredBoxes:
    """Decode centres in units of the anchor's size, and logarithms of sizes in the same unit.

    Args:
        outputs: The boxes and the scores.
        size: Width and height of the input.
        classes: One: a face.
        activation: What the scores need to be probabilities.
    """
    values, scores = outputs[0], probabilities(outputs[1], activation)
    made = anchors(size)
    if are_corners(values, made):
        return best_classes(values, scores[:, 1:])
    centres = made[:, :2] + values[:, :2] * _CENTRE * made[:, 2:]
    sizes = made[:, 2:] * np.exp((values[:, 2:] * _SIZE).clip(-_MAX_LOG, _MAX_LOG))
    return best_classes(corners(centres, sizes), scores[:, 1:])


_PREPARATION = Preparation((127 / 255,) * 3, (128 / 255,) * 3)

HEAD = Head(
    "ultraface",
    "outputs [1, anchors, 4] and [1, anchors, 2], as many anchors as the input has",
    find,
    decode,
    _PREPARATION,
    labels=("face",),
    iou_threshold=0.3,
    boxes="center and logarithm of the size, relative to anchors",
)
