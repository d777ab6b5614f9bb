"""Azure Custom Vision: a YOLOv2 grid, or finished boxes.

Source: Azure-Samples/customvision-export-samples, ``samples/python/onnx/object_detection.py``: five anchors per cell,
sigmoid for centre and objectness, softmax for the labels; the export [S1] has the outputs detected_boxes,
detected_classes and detected_scores. BGR from 0 to 255 where the file does not say otherwise.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...inputs import Preparation
from ..scores import SIGMOID, ScoredBoxes
from .evidence import Array, Evidence, Size
from .head import Head, HeadMatch
from .rows import scored_rows
from .yolov2 import decode_grid, grid_output

_ANCHORS = ((0.573, 0.677), (1.87, 2.06), (3.34, 5.47), (7.88, 3.53), (9.77, 9.17))
_FINISHED = ("detected_boxes", "detected_scores", "detected_classes")
_OWN_NAMES = ("model_outputs0", "model_outputs")
_OWN_INPUT = "data"


def find(model: Evidence) -> HeadMatch | None:
    """Return the output [1, 5 * (5 + labels), rows, columns], or the three of an export with suppression."""
    finished = model.named(*_FINISHED)
    if finished is not None:
        because = "its outputs are named detected_boxes, detected_scores and detected_classes"
        return HeadMatch(finished, 0, True, because, activation="none", decode=_decode_finished)
    found = grid_output(model)
    if found is None:
        return None
    name, classes = found
    is_own = model.named("model_outputs0") is not None or name.casefold() in _OWN_NAMES or model.is_input(_OWN_INPUT)
    because = "a YOLOv2 grid, with the names of this service's exports"
    return HeadMatch((name,), classes, is_own, because)


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode the grid with the anchors of the service."""
    return decode_grid(outputs[0], _ANCHORS, classes)


def _decode_finished(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    return scored_rows(outputs[0].reshape(-1, 4), outputs[1], outputs[2])


HEAD = Head(
    "custom_vision",
    "an output [1, 5 * (5 + labels), rows, columns], or detected_boxes, detected_scores and detected_classes",
    find,
    decode,
    Preparation((0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255), bgr=True, size=(416, 416)),
    iou_threshold=0.45,
    boxes="center in cells and size in anchors, or corners in fractions",
    activation=SIGMOID,
)
