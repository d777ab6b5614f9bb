"""EfficientDet without its suppression: nine anchors per cell on five levels, with a sigmoid per label.

Sources: google/automl, ``efficientdet/keras/anchors.py`` and ``efficientdet/hparams_config.py``: three scales, the
aspect ratios 1, 2 and 1/2, four strides wide (three in Lite0 to Lite2); rwightman/efficientdet-pytorch,
``effdet/efficientdet.py`` (a map of scores and a map of boxes for each level, as in google/automl).

RetinaNet gives the same shapes with other anchors. What tells them apart is the number of labels for COCO: 90 here, 80
or 91 there; names; or the declaration.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from ...inputs import Preparation
from ..scores import NO_ACTIVATION, SIGMOID, ScoredBoxes
from .anchors import (
    AnchorOutputs,
    anchor_count,
    anchor_outputs,
    decode_offsets,
    joined,
    level_outputs,
    pyramid_anchors,
    scores_activation,
)
from .evidence import Array, Evidence, Size
from .head import Head, HeadMatch, best_classes, probabilities
from .queries import IMAGENET

_HIGHEST = 7
_RATIOS = (1.0, 2.0, 0.5)
_LITE_SIZES = (320, 384, 448)
_LITE_PREPARATION = Preparation((127 / 255,) * 3, (128 / 255,) * 3)
_COCO = 90
_NAMES = ("efficientdet", "box_net", "class_net")
_PYTORCH = ("regression", "classification", "anchors")  # of zylo117/Yet-Another-EfficientDet-Pytorch


def find(model: Evidence) -> HeadMatch | None:
    """Return the outputs [1, anchors, 4] and [1, anchors, labels], or the two maps of each of five levels."""
    found = level_outputs(model, _HIGHEST) or anchor_outputs(model, anchor_count(model.size, _HIGHEST))
    if found is None:
        return None
    activation = scores_activation(model, found)
    is_lite = model.size[0] in _LITE_SIZES
    reason = _reason(model, found)
    because = f"nine anchors on each of five levels of an input of {model.size[0]} pixels, {reason}"
    return HeadMatch(
        found.all,
        found.columns,
        bool(reason) and activation is not None and model.metadata.anchors is None,
        because,
        activation=activation or NO_ACTIVATION,
        decode=partial(decode, activation=activation or NO_ACTIVATION),
        preparation=_LITE_PREPARATION if is_lite else None,
    )


def _reason(model: Evidence, found: AnchorOutputs) -> str:
    """Return what tells the model from a RetinaNet; empty if nothing does."""
    texts = [name.casefold() for name in model.full] + [model.metadata.description.casefold()]
    if any(word in text for text in texts for word in _NAMES):
        return "and it is named as EfficientDet is"
    if model.named(*_PYTORCH) is not None:
        return "in outputs named regression, classification and anchors"
    return f"with the {_COCO} labels of COCO as EfficientDet has them" if found.columns == _COCO else ""


def decode(outputs: Sequence[Array], size: Size, classes: int, *, activation: str = NO_ACTIVATION) -> ScoredBoxes:
    """Decode y, x, height and width relative to the anchors.

    Args:
        outputs: The outputs, boxes first.
        size: Width and height of the input.
        classes: Number of labels.
        activation: What the scores need to be probabilities.
    """
    boxes, scores = joined(outputs, size, _HIGHEST, classes)
    made = pyramid_anchors(size, _HIGHEST, _RATIOS, 3.0 if size[0] in _LITE_SIZES else 4.0)
    return best_classes(decode_offsets(boxes, made), probabilities(scores, activation))


HEAD = Head(
    "efficientdet",
    "outputs [1, anchors, 4] and [1, anchors, labels] with nine anchors per cell of five levels, or two maps per level",
    find,
    decode,
    IMAGENET,
    iou_threshold=0.5,
    boxes="center and logarithm of the size, relative to anchors",
    activation=SIGMOID,
)
