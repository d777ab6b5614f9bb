"""YuNet: for each of three strides a face score, an objectness, a box and five landmarks per cell.

Source: opencv/opencv, ``modules/objdetect/src/face_detect.cpp`` (``postProcess``): the score is the root of the product
of both, centres and logarithms of sizes are in cells. BGR from 0 to 255; the picture is in the
top left corner of a field whose sides are multiples of 32.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...inputs import Preparation
from ..scores import ScoredBoxes
from .evidence import Array, Evidence, Size
from .grid import STRIDES, cells
from .head import Head, HeadMatch, best_classes, corners, pixels_to_fractions

_KINDS = ("cls", "obj", "bbox")
_MAX_LOG = 20.0


def find(model: Evidence) -> HeadMatch | None:
    """Return score, objectness and box of each stride."""
    outputs = model.named(*(f"{kind}_{stride}" for kind in _KINDS for stride in STRIDES))
    if outputs is None:
        return None
    return HeadMatch(outputs, 1, True, "its outputs are named cls_8, obj_8, bbox_8 and so on for three strides")


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode the scores, objectnesses and boxes of all strides."""
    score, objectness = (np.concatenate([part.reshape(-1) for part in outputs[at : at + 3]]) for at in (0, 3))
    values = np.concatenate([part.reshape(-1, 4) for part in outputs[6:9]])
    places, steps = cells(size)
    centres = (values[:, :2] + places) * steps
    sizes = np.exp(values[:, 2:].clip(-_MAX_LOG, _MAX_LOG)) * steps
    scores = np.sqrt(score.clip(0.0, 1.0) * objectness.clip(0.0, 1.0))
    return best_classes(pixels_to_fractions(corners(centres, sizes), size), scores[:, None])


HEAD = Head(
    "yunet",
    "outputs cls_8, obj_8, bbox_8, and the same for the strides 16 and 32",
    find,
    decode,
    Preparation((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255), bgr=True, letterbox=True, centred=False, step=32),
    labels=("face",),
    iou_threshold=0.3,
    boxes="center and size, in cells",
)
