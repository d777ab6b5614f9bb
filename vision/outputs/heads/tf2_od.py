"""Finished detectors of TensorFlow's Object Detection API: boxes, classes from 1 and scores among up to eight outputs.

Source: tensorflow/models, ``research/object_detection/g3doc/exporting_models.md`` and
``core/standard_fields.py`` (``DetectionResultFields``). A TFLite file has the eight outputs in alphabetical order and
no names.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..scores import ScoredBoxes
from .evidence import Array, Evidence, Size
from .head import Head, HeadMatch, to_fractions
from .rows import has_class_zero, scored_rows

_NAMES = ("detection_boxes", "detection_scores", "detection_classes")
_COUNT, _COLUMNS = "num_detections", "detection_multiclass_scores"
_ALPHABETICAL = (1, 4, 2, 5)  # boxes, scores, classes and count of the eight


def find(model: Evidence) -> HeadMatch | None:
    """Return the boxes, scores and class numbers, with their count if there is one."""
    outputs, because = model.named(*_NAMES), "its outputs are named detection_boxes, detection_scores and so on"
    columns = model.named(_COLUMNS)
    if outputs is not None:
        outputs = (*outputs, *(model.named(_COUNT) or ()))
    elif len(model.full) == 8:
        names = list(model.full)
        shapes = [model.full[name] for name in names]
        boxes = shapes[1][1] if len(shapes[1]) == 3 else 0
        if shapes[1][-1:] != (4,) or any(shapes[place] != (1, boxes) for place in (0, 2, 4)) or len(shapes[3]) != 3:
            return None
        outputs, because = tuple(names[place] for place in _ALPHABETICAL), "eight outputs in this API's order"
        columns = (names[3],)
    if outputs is None:
        return None
    # TensorRT's EfficientNMS has such names, but numbers classes from 0.
    is_own = not model.channels_first and not has_class_zero(model, outputs[2], outputs[1])
    classes = model.full[columns[0]][-1] - 1 if columns else 0
    return HeadMatch(outputs, classes, is_own, because, first_class=1, has_gaps=True)


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode boxes of y_min, x_min, y_max, x_max, scores, class numbers and their count."""
    boxes, scores, numbers, *count = outputs
    corners = np.ascontiguousarray(boxes.reshape(-1, 4)[:, [1, 0, 3, 2]])
    return scored_rows(to_fractions(corners, size), scores, numbers, count[0] if count else None)


HEAD = Head(
    "tf2_od",
    "outputs detection_boxes, detection_scores and detection_classes, or all eight of the API",
    find,
    decode,
    iou_threshold=1.0,
    boxes="y_min, x_min, y_max, x_max, in fractions of the input",
)
