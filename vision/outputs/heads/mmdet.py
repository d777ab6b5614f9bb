"""Detectors of MMDetection, exported by MMDeploy: rows of corners in pixels with a score, and their class numbers.

Source: open-mmlab/mmdeploy, ``docs/en/02-how-to-run/write_config.md`` (outputs dets and labels), and mmdetection's
``configs/_base_/models`` (ImageNet's normalisation).
"""

from __future__ import annotations

from collections.abc import Sequence

from ..scores import ScoredBoxes
from .evidence import Array, Evidence, Size
from .head import Head, HeadMatch, pixels_to_fractions
from .queries import IMAGENET
from .rows import scored_rows

_COLUMNS = 5


def find(model: Evidence) -> HeadMatch | None:
    """Return the outputs dets [1, boxes, 5] and labels [1, boxes]."""
    outputs = model.named("dets", "labels")
    if outputs is None or model.full[outputs[0]][-1] != _COLUMNS:
        return None
    return HeadMatch(outputs, 0, True, "its outputs are named dets and labels, and dets has five columns")


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode rows of corners and score, and class numbers."""
    rows = outputs[0].reshape(-1, _COLUMNS)
    return scored_rows(pixels_to_fractions(rows[:, :4], size), rows[:, 4], outputs[1])


HEAD = Head(
    "mmdet",
    "outputs dets [1, boxes, 5] and labels [1, boxes]",
    find,
    decode,
    IMAGENET,
    iou_threshold=1.0,
    boxes="x_min, y_min, x_max, y_max, in pixels of the input",
)
