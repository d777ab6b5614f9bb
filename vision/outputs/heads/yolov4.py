"""YOLOv4 and v3 of Tianxiaomo: finished corners in fractions for three anchors per cell, with a score per label.

Source: Tianxiaomo/pytorch-YOLOv4, ``tool/yolo_layer.py`` (``yolo_forward_dynamic``), ``tool/torch_utils.py``
(``do_detect``: RGB as fractions, stretched) and ``tool/utils.py`` (``post_processing``).
"""

from __future__ import annotations

from collections.abc import Sequence

from ...inputs import Preparation
from ..scores import ScoredBoxes
from .box_forms import are_corners
from .evidence import Array, Evidence, Size
from .grid import has_cells
from .head import Head, HeadMatch, best_classes

_PER_CELL = 3


def find(model: Evidence) -> HeadMatch | None:
    """Return the outputs boxes [1, boxes, 1, 4] and confs [1, boxes, labels]."""
    outputs = model.named("boxes", "confs")
    if outputs is None:
        return None
    boxes, scores = (model.full[name] for name in outputs)
    if len(boxes) != 4 or len(scores) != 3 or boxes != (1, scores[1], 1, 4):
        return None
    is_certain = has_cells(scores[1], model.size, _PER_CELL) and are_corners(model.rows(outputs[0], 4))
    return HeadMatch(outputs, scores[2], is_certain, "its outputs are named boxes and confs, and boxes holds corners")


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode corners in fractions and scores per label."""
    return best_classes(outputs[0].reshape(-1, 4), outputs[1].reshape(-1, classes))


HEAD = Head(
    "yolov4",
    "outputs boxes [1, boxes, 1, 4] and confs [1, boxes, labels]",
    find,
    decode,
    Preparation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0)),
    iou_threshold=0.6,
    boxes="x_min, y_min, x_max, y_max, in fractions of the input",
)
