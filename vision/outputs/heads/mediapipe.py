"""Object detectors of MediaPipe Model Maker: nine anchors per cell, with scores for background and labels.

Source: google-ai-edge/mediapipe, ``model_maker/python/vision/object_detector/preprocessor.py`` and ``model.py`` (levels
3 to 7, three scales, the aspect ratios 1/2, 1 and 2, three strides wide); tensorflow/models,
``official/vision/ops/anchor.py``. Anchors in the model file, as MediaPipe's metadata has them, win over these.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import numpy as np

from ...runtimes import Anchors
from ..scores import NO_ACTIVATION, SIGMOID, ScoredBoxes
from .anchors import (
    anchor_count,
    anchor_outputs,
    decode_described,
    decode_offsets,
    pyramid_anchors,
    scores_activation,
)
from .evidence import Array, Evidence, Size
from .head import Head, HeadMatch, best_classes, probabilities

_RATIOS = (0.5, 1.0, 2.0)
_WIDTH = 3.0  # of an anchor, in strides
_LEVELS = {320: 6}  # the highest level by the size of the input, else 7
_SIZES = (256, 320, 384)
_COCO = 90
_KERAS_NAME = "statefulpartitionedcall"  # of the outputs of a TFLite file made from a Keras model


def find(model: Evidence) -> HeadMatch | None:
    """Return the outputs [1, anchors, 4] and [1, anchors, 1 + labels]."""
    described = model.metadata.anchors
    if described is not None:
        return _described(model, described)
    found = anchor_outputs(model, anchor_count(model.size, _highest(model.size)))
    if found is None or found.columns < 2:
        return None
    activation = scores_activation(model, found)
    is_usual = model.size[0] in _SIZES and model.size[0] == model.size[1] and found.columns != _COCO
    is_own = is_usual and all(_KERAS_NAME in name.casefold() for name in found.all)
    because = (
        f"nine anchors on each level of an input of {model.size[0]} pixels, one of Model Maker's sizes, with the "
        f"background and {found.columns - 1} labels, in outputs named as Keras names them"
    )
    return HeadMatch(
        found.all,
        found.columns - 1,
        is_own and activation is not None,
        because,
        activation=activation or NO_ACTIVATION,
        decode=partial(decode, activation=activation or NO_ACTIVATION),
        first_class=1,
    )


def _described(model: Evidence, described: Anchors) -> HeadMatch | None:
    """Return the outputs of a model file that has its anchors; class 0 is the background unless the labels say not."""
    found = anchor_outputs(model, len(described.boxes))
    if found is None:
        return None
    has_background = found.columns > 1 and (model.fits(found.columns - 1) if model.labels else found.columns != _COCO)
    activation: str | None = SIGMOID if described.sigmoid else NO_ACTIVATION
    if model.activation != "auto":
        activation = scores_activation(model, found)
    made = np.array(described.boxes, np.float32)
    return HeadMatch(
        found.all,
        found.columns - has_background,
        True,
        f"the model file has its {len(made)} anchors",
        activation=activation or NO_ACTIVATION,
        decode=partial(
            decode,
            activation=activation or NO_ACTIVATION,
            has_background=has_background,
            made=made,
            described=described,
        ),
        first_class=int(has_background),
    )


def _highest(size: Size) -> int:
    return _LEVELS.get(size[0], 7)


def decode(
    outputs: Sequence[Array],
    size: Size,
    classes: int,
    *,
    activation: str = NO_ACTIVATION,
    has_background: bool = True,
    made: Array | None = None,
    described: Anchors | None = None,
) -> ScoredBoxes:
    """Decode y, x, height and width relative to the anchors.

    Args:
        outputs: The outputs.
        size: Width and height of the input.
        classes: Number of labels.
        activation: What the scores need to be probabilities.
        has_background: Whether the first score is that of the background.
        made: The anchors in the model file.
        described: What it says of them.
    """
    values = outputs[0].reshape(-1, 4)
    scores = probabilities(outputs[1].reshape(len(values), -1), activation)[:, int(has_background) :]
    if made is not None and described is not None:
        boxes = decode_described(values, made, described)
    else:
        boxes = decode_offsets(values, pyramid_anchors(size, _highest(size), _RATIOS, _WIDTH))
    found = best_classes(boxes, scores)
    return found._replace(class_ids=found.class_ids + 1) if has_background else found


HEAD = Head(
    "mediapipe",
    "outputs [1, anchors, 4] and [1, anchors, 1 + labels], nine anchors per cell or those in the model file",
    find,
    decode,
    iou_threshold=0.5,
    boxes="center and logarithm of the size, relative to anchors",
)
