"""YOLOv7 exported end to end: rows of batch, corners in pixels, class and score, in this order unlike YOLO-NAS.

Source: WongKinYiu/yolov7, ``models/experimental.py`` (``ONNX_ORT``; ``ONNX_TRT`` for the four outputs), and
open-mmlab/mmyolo, ``projects/easydeploy/tools/export_onnx.py``, whose four outputs YOLO-World has, too.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..scores import ScoredBoxes
from .evidence import Array, Evidence, Size
from .grid import FRACTIONS
from .head import Head, HeadMatch, pixels_to_fractions
from .rows import class_column, pixel_rows, scored_rows

_COUNTED = (("det_boxes", "det_scores", "det_classes", "num_dets"), ("boxes", "scores", "labels", "num_dets"))
_COLUMNS = 7


def find(model: Evidence) -> HeadMatch | None:
    """Return the output [rows, 7], or the four of an export for TensorRT or of MMYOLO."""
    for names in _COUNTED:
        four = model.named(*names)
        if four is not None:
            because = f"its outputs are named {', '.join(names[:-1])} and {names[-1]}"
            return HeadMatch(four, 0, True, because, decode=pixel_rows)
    for name, shape in model.full.items():
        if len(shape) == 2 and shape[1] == _COLUMNS and len(model.full) == 1:
            is_certain = class_column(model, name) == 5 and "flat_predictions" not in name.casefold()
            because = "column 5 has the whole numbers in the trial run"
            return HeadMatch((name,), 0, is_certain, because, batched=False)
    return None


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode rows of batch, corners, class and score."""
    rows = outputs[0].reshape(-1, _COLUMNS)
    return scored_rows(pixels_to_fractions(rows[:, 1:5], size), rows[:, 6], rows[:, 5])


HEAD = Head(
    "yolov7_e2e",
    "an output [rows, 7], or num_dets, det_boxes, det_scores and det_classes, or num_dets, boxes, scores and labels",
    find,
    decode,
    FRACTIONS,
    iou_threshold=1.0,
    boxes="x_min, y_min, x_max, y_max, in pixels of the input",
)
