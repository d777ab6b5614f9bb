"""EfficientDet without its suppression: nine anchors per cell on five levels, with a sigmoid per label.

Source: google/automl, ``efficientdet/keras/anchors.py`` and ``efficientdet/hparams_config.py``: three scales, the
aspect ratios 1, 2 and 1/2, four strides wide (three in Lite0 to Lite2).
"""

from __future__ import annotations

from collections.abc import Sequence

from ...inputs import Preparation
from ..scores import SIGMOID, ScoredBoxes
from .anchors import anchor_outputs, decode_offsets, pyramid_anchors
from .evidence import Array, Evidence, Size
from .head import Head, HeadMatch, as_probabilities, best_classes
from .queries import IMAGENET

_RATIOS = (1.0, 2.0, 0.5)
_LITE_SIZES = (320, 384, 448)
_LITE_PREPARATION = Preparation((127 / 255,) * 3, (128 / 255,) * 3)
_COCO = 90


def find(model: Evidence) -> HeadMatch | None:
    """Return the outputs [1, anchors, 4] and [1, anchors, labels]."""
    found = anchor_outputs(model, 7)
    if found is None:
        return None
    boxes, scores, classes = found
    is_lite = model.size[0] in _LITE_SIZES
    is_own = model.size[0] not in (256, 384) or (model.size[0] == 384 and classes == _COCO)
    because = f"nine anchors on each of five levels of an input of {model.size[0]} pixels, with {classes} labels"
    return HeadMatch((boxes, scores), classes, is_own, because, preparation=_LITE_PREPARATION if is_lite else None)


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode y, x, height and width relative to the anchors."""
    made = pyramid_anchors(size, 7, _RATIOS, 3.0 if size[0] in _LITE_SIZES else 4.0)
    return best_classes(decode_offsets(outputs[0], made), as_probabilities(outputs[1]))


HEAD = Head(
    "efficientdet",
    "outputs [1, anchors, 4] and [1, anchors, labels], nine anchors per cell of five levels",
    find,
    decode,
    IMAGENET,
    iou_threshold=0.5,
    boxes="center and logarithm of the size, relative to anchors",
    activation=SIGMOID,
)
