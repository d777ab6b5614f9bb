"""YOLOX: one box per cell, each with centre, size, objectness and a score per label, rows first.

Source: Megvii-BaseDetection/YOLOX, ``yolox/utils/demo_utils.py`` (``demo_postprocess``) for the boxes, and
``yolox/data/data_augment.py`` (``preproc``) for the input: BGR from 0 to 255, the picture in the top left corner.
Exports with ``--decode_in_inference`` output pixels of the input.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ...inputs import Preparation
from ..scores import NO_ACTIVATION, ScoredBoxes
from .box_forms import CORNERS_DOUBT, are_corners
from .evidence import Array, Evidence, Size
from .grid import FRACTIONS, GREY, SIZE, cells, has_cells, strides_of
from .head import FLOOR, Head, HeadMatch, best_classes, corners, max_magnitude, pixels_to_fractions

_MAX_OFFSET = 32.0  # of a centre from its cell, in cells; values in pixels soon exceed it
_MAX_LOG = 20.0
_COCO = 80  # labels of the published models


def find(model: Evidence) -> HeadMatch | None:
    """Return the output [1, boxes, 5 + labels]."""
    shapes, size = model.shapes, model.size
    for name, shape in shapes.items():
        if len(shape) == 3 and 5 < shape[2] < shape[1] and has_cells(shape[1], size):
            classes = shape[2] - 5
            fits = model.fits(classes) and not model.shares_rows(name, shape[1])
            fits = fits and model.judged_activation(name, 4, shape[2], 1) == NO_ACTIVATION
            objectness = model.rows(name, shape[2])[:, 4]
            # Without labels, YOLOv8 with rows first, which has no objectness, gives the same with one label more.
            is_raw = bool((model.rows(name, shape[2])[:, 2:4] < 0).any())
            is_v6 = len(objectness) > 0 and bool((objectness == 1.0).all())
            because = f"{name} has a row for each cell of an input of {size[0]}x{size[1]}, with {classes} scores"
            if is_v6:
                because += "; the objectness is always 1, so it is a YOLOv6"
            fits = fits and (model.labels > 0 or classes == _COCO or is_raw or is_v6)
            boxes = model.boxes(name)
            has_corners = fits and max_magnitude(boxes[:, :2]) > _MAX_OFFSET and are_corners(boxes)
            return HeadMatch(
                (name,),
                classes,
                fits and not has_corners,
                because,
                preparation=FRACTIONS if is_v6 else None,
                doubt=f"{because}, {CORNERS_DOUBT}" * has_corners,
            )
    return None


def decode(outputs: Sequence[Array], size: Size, classes: int) -> ScoredBoxes:
    """Decode rows of centre (in cells, from the cell), logarithm of the size in cells, and scores."""
    rows = outputs[0]
    if max_magnitude(rows[:, :2]) <= _MAX_OFFSET:
        places, steps = cells(size, strides_of(len(rows), size))
        centres = (rows[:, :2] + places) * steps
        sizes = np.exp(rows[:, 2:4].clip(-_MAX_LOG, _MAX_LOG)) * steps
    else:
        centres, sizes = rows[:, :2], rows[:, 2:4]
    boxes = pixels_to_fractions(corners(centres, sizes), size)
    kept = rows[:, 4] >= FLOOR
    rows, boxes = rows[kept], boxes[kept]
    return best_classes(boxes, rows[:, 5 : 5 + classes] * rows[:, 4:5])


_PREPARATION = Preparation(
    (0.0, 0.0, 0.0), (1 / 255, 1 / 255, 1 / 255), bgr=True, letterbox=True, centred=False, bar=GREY, size=SIZE
)

HEAD = Head(
    "yolox", "an output [1, boxes, 5 + labels], as many boxes as the input has cells", find, decode, _PREPARATION
)
