"""Object detectors of MediaPipe Model Maker: nine anchors per cell, with scores for background and labels.

Source: google-ai-edge/mediapipe, ``model_maker/python/vision/object_detector/preprocessor.py`` and ``model.py`` (levels
3 to 7, three scales, the aspect ratios 1/2, 1 and 2, three strides wide); tensorflow/models,
``official/vision/ops/anchor.py``.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..scores import ScoredBoxes
from .anchors import anchor_outputs, decode_offsets, pyramid_anchors
from .evidence import Array, Evidence, Size
from .head import Head, HeadMatch, as_probabilities, best_classes

_RATIOS = (0.5, 1.0, 2.0)
_WIDTH = 3.0  # of an anchor, in strides
_LEVELS = {320: 6}  # the highest level by the size of the input, else 7
_SIZES = (256, 320, 384)
_COCO = 90


def find(model: Evidence) -> HeadMatch | None:
    """Return the outputs [1, anchors, 4] and [1, anchors, 1 + labels]."""
    found = anchor_outputs(model, _highest(model.size))
    if found is None or found[2] < 2:
        return None
    boxes, scores, columns = found
    because = f"nine anchors on each level of an input of {model.size[0]} pixels, with the background and {columns - 1}"
    is_own = model.size[0] in _SIZES and model.size[0] == model.size[1]
    is_own = is_own and (model.size[0] != 384 or columns != _COCO)
    return HeadMatch((boxes, scores), columns - 1, is_own, f"{because} labels", first_class=1)


def _highest(size: Size) -> int:
    return _LEVELS.get(size[0], 7)


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode y, x, height and width relative to the anchors."""
    made = pyramid_anchors(size, _highest(size), _RATIOS, _WIDTH)
    found = best_classes(decode_offsets(outputs[0], made), as_probabilities(outputs[1])[:, 1:])
    return found._replace(class_ids=found.class_ids + 1)


HEAD = Head(
    "mediapipe",
    "outputs [1, anchors, 4] and [1, anchors, 1 + labels], nine anchors per cell",
    find,
    decode,
    iou_threshold=0.5,
    boxes="center and logarithm of the size, relative to anchors",
)
