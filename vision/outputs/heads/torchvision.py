"""Detectors of torchvision: finished rows of corners in pixels, a class number and a score each.

Source: pytorch/vision, ``torchvision/models/detection/generalized_rcnn.py`` and ``transform.py``: RGB as fractions,
which the model normalises itself; class 0 is the background. The outputs have no batch axis. mlcommons/inference,
``vision/classification_and_detection/python/models/ssd_r34.py`` (the SSD in the ONNX model zoo): the same in
fractions, for an input that is normalised as ImageNet's.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...inputs import Preparation
from ..scores import ScoredBoxes
from .evidence import Array, Evidence, Size
from .head import Head, HeadMatch, to_fractions
from .queries import IMAGENET
from .rows import has_class_zero, scored_rows
from .rtdetr import SIZE_INPUTS


def find(model: Evidence) -> HeadMatch | None:
    """Return the outputs boxes, scores and labels of a model that does not take the size of the picture."""
    if (outputs := model.named("bboxes", "scores", "labels")) is not None:
        because = "its outputs are named bboxes, labels and scores, as those of the SSD in the ONNX model zoo"
        return HeadMatch(outputs, 0, model.channels_first, because, first_class=1, preparation=IMAGENET)
    outputs = model.named("boxes", "scores", "labels")
    if outputs is None or model.is_input(*SIZE_INPUTS) or model.full[outputs[0]][-1] != 4:
        return None
    because = "its outputs are named boxes, labels and scores"
    first = 0 if has_class_zero(model, outputs[2], outputs[1]) else 1
    return HeadMatch(outputs, 0, True, because, first_class=first, batched=len(model.full[outputs[0]]) == 3)


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode boxes as corners, scores and class numbers."""
    boxes, scores, numbers = outputs
    return scored_rows(to_fractions(boxes.reshape(-1, 4), size), scores, numbers)


HEAD = Head(
    "torchvision",
    "outputs boxes [boxes, 4], labels [boxes] and scores [boxes]",
    find,
    decode,
    Preparation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    iou_threshold=1.0,
    boxes="x_min, y_min, x_max, y_max, in pixels or fractions of the input",
)
