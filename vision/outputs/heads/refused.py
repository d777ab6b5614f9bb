"""Families of detectors that no head decodes: how each is recognised, and what its owner can do."""

from __future__ import annotations

import math
from collections.abc import Sequence

from .anchors import anchor_count, anchor_outputs
from .box_forms import are_corners
from .evidence import Evidence
from .grid import LARGE_STRIDES, STRIDES, cell_count
from .torchvision import unnamed_rows

_EXPORT = "export it with its post-processing, so that the outputs are boxes, scores and classes"
_REGRESSIONS = (32, 44)  # of NanoDet and NanoDet-Plus: four sides with 8 or 11 steps each

_ANCHORS, _BOX_AND_SCORE = 3, 5  # of a cell of YOLOv3 to v7
_DISTANCES = 64  # of YOLOv8: four sides with 16 steps each
_MAP_STRIDES = (4, 8, 16, 32)
_SIDES, _PAIR = 4, 2  # planes of a map of boxes, and of sizes or offsets
_OPENVINO = 7  # columns of its DetectionOutput
_COCO = 80  # labels of the published models
_ANCHOR_HEADS = ("efficientdet", "mediapipe")
_HIGHEST_LEVELS = (6, 7)  # of feature pyramids


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


def undecided(model: Evidence, possible: Sequence[str]) -> str | None:
    """Return why boxes relative to anchors are refused if nothing says to which, ``None`` for another model.

    Args:
        model: What is known of the model.
        possible: The heads that may decode it.
    """
    described = model.metadata.anchors
    if described is not None and len(model.full) == 2 and anchor_outputs(model, len(described.boxes)) is None:
        return (
            f"the model file has {len(described.boxes)} anchors, but no output has as many boxes; the outputs are "
            f"{model.listed}"
        )
    for name, shape in model.full.items():
        if len(model.full) == 1 and len(shape) == 4 and shape[:2] == (1, 1) and shape[3] == _OPENVINO:
            return (
                f"its output {name} {list(shape)} has rows of picture, class, score and corners, as those of OpenVINO "
                "and Caffe, which are not supported; take the model in ONNX or TFLite as its maker exports it"
            )
    if (rows := unnamed_rows(model)) is not None:
        return (
            f"its outputs {', '.join(rows)} are boxes, scores and class numbers without a batch axis, as torchvision's "
            "detectors give them, which begin with class 1 and take a picture from 0 to 1; declare head: torchvision, "
            "or head: none if the first class is 0"
        )
    if grids := _yolo_grids(model):
        return (
            f"its outputs {', '.join(grids)} are the undecoded grids of a YOLO, one or more for each stride, which are "
            "not supported; export it with its decoding, so that the output is a list of boxes"
        )
    if maps := _box_maps(model):
        return (
            f"its outputs {', '.join(maps)} are maps of scores and of boxes, as those of CenterNet and FCOS, which are "
            f"not supported; {_EXPORT}"
        )
    for highest in _HIGHEST_LEVELS:
        found = anchor_outputs(model, anchor_count(model.size, highest))
        if found is not None and not are_corners(model.rows(found.boxes[0], 4)):
            heads = " or ".join(f"head: {name}" for name in possible if name in _ANCHOR_HEADS)
            declare = f"declare {heads} if it is one of these; " if heads else ""
            return (
                f"its output {found.boxes[0]} {list(model.full[found.boxes[0]])} has boxes relative to nine anchors "
                f"per cell, but nothing says to which: {declare}RetinaNet is not supported; {_EXPORT}"
            )
    return None


def _yolo_grids(model: Evidence) -> list[str]:
    """Return the maps of at least two strides with anchors of a YOLO, or the distances of YOLOv8; empty if none."""
    found: dict[str, tuple[int, int]] = {}
    for name, shape in model.full.items():
        for stride in STRIDES:
            cells = (model.size[1] // stride, model.size[0] // stride)
            if len(shape) in (4, 5) and cells in (shape[-2:], shape[1:3], shape[2:4]) and min(cells) > 1:
                found[name] = (stride, math.prod(shape) // math.prod(cells))
                break
    planes = [planes for _, planes in found.values()]
    if len({stride for stride, _ in found.values()}) < 2 or (model.labels and model.fits(planes[0])):
        return []
    has_anchors = len(set(planes)) == 1 and planes[0] % _ANCHORS == 0 and planes[0] // _ANCHORS > _BOX_AND_SCORE
    return list(found) if has_anchors or planes.count(_DISTANCES) > 1 else []


def _box_maps(model: Evidence) -> list[str]:
    """Return the maps of one grid with scores and with boxes: four sides, or twice a size or an offset; else empty."""
    for stride in _MAP_STRIDES:
        cells = (model.size[1] // stride, model.size[0] // stride)
        planes = {
            name: shape[1] if shape[2:] == cells else shape[3]
            for name, shape in model.full.items()
            if len(shape) == 4 and min(cells) > 1 and cells in (shape[2:], shape[1:3])
        }
        counts = list(planes.values())
        if len(set(counts)) > 1 and (_SIDES in counts or counts.count(_PAIR) > 1):
            return list(planes)
    return []


def _nanodet_cells(model: Evidence) -> tuple[int, ...]:
    width, height = model.size
    rounded = sum(-(-width // stride) * -(-height // stride) for stride in LARGE_STRIDES)
    return cell_count(model.size, STRIDES), cell_count(model.size, LARGE_STRIDES), rounded


def _is_scrfd(model: Evidence) -> bool:
    columns = sorted(shape[-1] for shape in model.full.values() if shape)
    anchors = 2 * cell_count(model.size)
    rows = sum(shape[-2] for shape in model.full.values() if len(shape) > 1 and shape[-1] == 4)
    return columns in ([1, 1, 1, 4, 4, 4, 10, 10, 10], [1, 1, 1, 4, 4, 4]) and rows == anchors
