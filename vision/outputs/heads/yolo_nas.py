"""YOLO-NAS: corners in pixels and scores per label, or what is left of them after suppression.

Source: Deci-AI/super-gradients, ``training/models/detection_models/pp_yolo_e/pp_yolo_head.py`` (two outputs) and
``conversion/onnx/nms.py`` (batch: four outputs; flat: rows of batch, corners, score and class). An export with bytes as
input normalises them itself.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...inputs import Preparation
from ..scores import ScoredBoxes
from .box_forms import are_corners
from .evidence import Array, Evidence, Size
from .grid import SIZE, has_cells
from .head import Head, HeadMatch, best_classes, pixels_to_fractions
from .rows import class_column, pixel_rows, scored_rows

_BATCH = ("pred_boxes", "pred_scores", "pred_classes", "num_predictions")
_FLAT = "flat_predictions"
_COLUMNS = 7


def find(model: Evidence) -> HeadMatch | None:
    """Return the outputs of one of the three forms."""
    batch = tuple(name for word in _BATCH for name in model.full if name.casefold().endswith(word))
    if len(batch) == len(_BATCH):
        return HeadMatch(batch, 0, True, "its outputs are named so", decode=pixel_rows)
    for name, shape in model.full.items():
        if len(shape) == 2 and shape[1] == _COLUMNS and len(model.full) == 1:
            is_named, column = _FLAT in name.casefold(), class_column(model, name)
            because = f"it is named {name}" if is_named else "column 6 has the whole numbers in the trial run"
            return HeadMatch((name,), 0, is_named or column == 6, because, decode=_decode_flat, batched=False)
    for boxes, shape in model.shapes.items():
        for scores, other in model.shapes.items():
            if shape[-1:] == (4,) and scores != boxes and other[:2] == shape[:2] and has_cells(shape[1], model.size):
                if len(shape) == 3 and len(other) in (2, 3):
                    # DAMO-YOLO gives the same in the other order, and takes another input.
                    is_first = list(model.shapes) == [boxes, scores]
                    is_certain = is_first and are_corners(model.rows(boxes, 4))
                    because = "as many corners as the input has cells, with scores per label"
                    return HeadMatch((boxes, scores), other[2] if len(other) == 3 else 1, is_certain, because)
    return None


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode corners in pixels, and scores per label."""
    return best_classes(pixels_to_fractions(outputs[0], size), outputs[1].reshape(len(outputs[0]), -1))


def _decode_flat(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    rows = outputs[0].reshape(-1, _COLUMNS)
    return scored_rows(pixels_to_fractions(rows[:, 1:5], size), rows[:, 5], rows[:, 6])


HEAD = Head(
    "yolo_nas",
    "outputs [1, boxes, 4] and [1, boxes, labels], the four of a batch, or one [rows, 7]",
    find,
    decode,
    Preparation((0.0, 0.0, 0.0), (1.0, 1.0, 1.0), size=SIZE),
    iou_threshold=0.7,
    boxes="x_min, y_min, x_max, y_max, in pixels of the input",
)
