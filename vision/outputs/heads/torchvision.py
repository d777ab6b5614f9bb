"""Detectors of torchvision: finished rows of corners in pixels, a class number and a score each.

Source: pytorch/vision, ``torchvision/models/detection/generalized_rcnn.py`` and ``transform.py``: RGB as fractions,
which the model normalises itself; class 0 is the background. The outputs have no batch axis, and no names unless the
export gives them some; what else has such outputs may begin with class 0. mlcommons/inference,
``vision/classification_and_detection/python/models/ssd_r34.py`` (the SSD in the ONNX model zoo): the same in
fractions, for an input that is normalised as ImageNet's.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

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
    if outputs is None and (unnamed := unnamed_rows(model)) is not None:
        return HeadMatch(unnamed, 0, False, "they have no batch axis", first_class=1, batched=False, has_gaps=None)
    is_other = model.is_input(*SIZE_INPUTS) or model.named("num_dets") is not None  # RT-DETR; MMYOLO, with class 0
    if outputs is None or is_other or model.full[outputs[0]][-1] != 4:
        return None
    because = "its outputs are named boxes, labels and scores"
    first = 0 if has_class_zero(model, outputs[2], outputs[1]) else 1
    is_batched = len(model.full[outputs[0]]) == 3
    return HeadMatch(outputs, 0, True, because, first_class=first, batched=is_batched, has_gaps=first == 1)


def unnamed_rows(model: Evidence) -> tuple[str, ...] | None:
    """Return the outputs of boxes, scores and class numbers without a batch axis, which names like ``1437`` hide.

    Nothing is returned if a class 0 is found, since torchvision's detectors find none.
    """
    if not model.samples or not model.channels_first or not all(name.isdecimal() for name in model.full):
        return None
    sample = model.samples[0]
    boxes = [name for name, array in sample.items() if array.ndim == 2 and array.shape[1] == 4]
    lists = [name for name, array in sample.items() if array.ndim == 1 and len(boxes) == 1]
    numbers = [name for name in lists if np.issubdtype(sample[name].dtype, np.integer)]
    scores = [name for name in lists if name not in numbers]
    if len(numbers) != 1 or len(scores) != 1 or len({len(sample[name]) for name in (*boxes, *lists)}) != 1:
        return None
    return None if has_class_zero(model, numbers[0], scores[0]) else (boxes[0], scores[0], numbers[0])


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
