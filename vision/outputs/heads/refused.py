"""Families of detectors that no head decodes: how each is recognised, and what its owner can do."""

from __future__ import annotations

from .evidence import Evidence
from .grid import LARGE_STRIDES, STRIDES, cell_count

_EXPORT = "export it with its post-processing, so that the outputs are boxes, scores and classes"
_REGRESSIONS = (32, 44)  # of NanoDet and NanoDet-Plus: four sides with 8 or 11 steps each

_COCO = 80  # labels of the published models


def refusal(model: Evidence) -> str | None:
    """Return why a model of a known family is refused, ``None`` if it is of no such family."""
    if model.named("score_8", "bbox_8") is not None:
        return f"its outputs score_8, bbox_8 and so on are those of SCRFD, which is not supported; {_EXPORT}"
    if _is_scrfd(model):
        return f"its nine outputs for three strides look like those of SCRFD, which is not supported; {_EXPORT}"
    for name, shape in model.full.items():
        if len(model.full) == 1 and len(shape) == 3 and shape[1] in _nanodet_cells(model):
            for steps in _REGRESSIONS:
                if shape[2] - steps == (model.labels or _COCO):
                    return f"its output {name} {list(shape)} is that of NanoDet, which is not supported; {_EXPORT}"
    if any(name.casefold().startswith(("multiclass_nms", "matrix_nms")) for name in model.full):
        return f"its outputs are those of PaddleDetection (PP-YOLOE), which is not supported; {_EXPORT} by name"
    for name, shape in model.shapes.items():
        for other, second in model.shapes.items():
            is_pair = name != other and len(shape) == len(second) == 3 and shape[2] == 4 and second[2] == shape[1]
            if is_pair and shape[1] == cell_count(model.size):
                return f"its outputs {name} and {other} are those of PP-YOLOE, which is not supported; {_EXPORT}"
    return None


def _nanodet_cells(model: Evidence) -> tuple[int, ...]:
    width, height = model.size
    rounded = sum(-(-width // stride) * -(-height // stride) for stride in LARGE_STRIDES)
    return cell_count(model.size, STRIDES), cell_count(model.size, LARGE_STRIDES), rounded


def _is_scrfd(model: Evidence) -> bool:
    columns = sorted(shape[-1] for shape in model.full.values() if shape)
    anchors = 2 * cell_count(model.size)
    rows = sum(shape[-2] for shape in model.full.values() if len(shape) > 1 and shape[-1] == 4)
    return columns in ([1, 1, 1, 4, 4, 4, 10, 10, 10], [1, 1, 1, 4, 4, 4]) and rows == anchors
