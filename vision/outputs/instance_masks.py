"""Masks of single objects: weighted sums of a model's prototype masks, cut at the box of each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from cameras import BoundingBox, Detection, Mask, Segmentation, as_mask

from .scores import ScoredBoxes

_ENLARGED = 4  # of the prototypes, which have a quarter of the input's width and height


def instance_masks(prototypes: NDArray[np.float32], found: ScoredBoxes, window: BoundingBox) -> Iterator[Mask]:
    """Yield the mask of each box, of the size of the picture in the input.

    Source: ultralytics/ultralytics, ``utils/ops.py`` (``process_mask``). As there, a mask is enlarged before it is cut
    off at zero, so that its edge is smooth; here only inside the box.

    Args:
        prototypes: (m, height, width), or (height, width, m).
        found: Boxes in fractions of the window, with coefficients.
        window: Area of the picture in the input, in fractions.
    """
    assert found.coefficients is not None
    count = found.coefficients.shape[1]
    if prototypes.shape[0] != count:
        prototypes = np.moveaxis(prototypes, -1, 0)
    height, width = prototypes.shape[1:]
    top, bottom = round(window.y_min * height), max(round(window.y_max * height), 1)
    left, right = round(window.x_min * width), max(round(window.x_max * width), 1)
    planes = np.ascontiguousarray(prototypes[:, top:bottom, left:right])
    rows, columns = planes.shape[1:]
    for weights, box in zip(found.coefficients, found.boxes, strict=True):
        # One prototype more on each side, so that the enlarged edge has neighbours.
        first = np.floor(box[:2] * (columns, rows)).astype(int) - 1
        last = np.ceil(box[2:] * (columns, rows)).astype(int) + 1
        x_min, y_min = first.clip(0)
        x_max, y_max = min(int(last[0]), columns), min(int(last[1]), rows)
        part = np.einsum("m,mhw->hw", weights, planes[:, y_min:y_max, x_min:x_max], dtype=np.float32)
        part = cv2.resize(part, None, fx=_ENLARGED, fy=_ENLARGED, interpolation=cv2.INTER_LINEAR)
        mask = np.zeros((rows * _ENLARGED, columns * _ENLARGED), np.bool_)
        mask[y_min * _ENLARGED : y_max * _ENLARGED, x_min * _ENLARGED : x_max * _ENLARGED] = part > 0
        edges = box * np.array([columns, rows, columns, rows]) * _ENLARGED
        left_px, top_px, right_px, bottom_px = np.ceil(edges - 1e-6).astype(int).tolist()
        inside = np.zeros_like(mask)
        inside[top_px:bottom_px, left_px:right_px] = True
        yield as_mask(mask & inside)


def masks_by_label(detections: Sequence[Detection]) -> tuple[Segmentation, ...]:
    """Return the union of the masks of each label, largest area first, with the confidence of its best detection."""
    masks: dict[str, Mask] = {}
    confidences: dict[str, float] = {}
    for item in detections:
        if item.mask is None:
            continue
        known = masks.get(item.label)
        masks[item.label] = item.mask if known is None else np.maximum(known, item.mask)
        confidences[item.label] = max(confidences.get(item.label, 0.0), item.confidence)
    found = (
        Segmentation(label, confidences[label], mask=as_mask(mask > 0)) for label, mask in masks.items() if mask.any()
    )
    return tuple(sorted(found, key=lambda item: -item.coverage))
