"""Bounding boxes of the connected components of a mask."""

from __future__ import annotations

import cv2
import numpy as np

from cameras import BoundingBox, Mask

_BLOCK_PX = 8  # one set pixel in a block averages to 4, never to 0


def component_boxes(mask: Mask, least_area_px: int) -> tuple[BoundingBox, ...]:
    """Return the boxes around the connected components of a mask, largest first.

    Pixels connect by their edges (4-connectivity). Exact, and fast for sparse masks: connected pixels lie in connected
    blocks, so only large enough groups of blocks are searched pixel by pixel.

    Args:
        mask: The mask, (height, width).
        least_area_px: Smallest area of a box, in pixels of the mask.
    """
    height, width = mask.shape
    padded = cv2.copyMakeBorder(mask, 0, -height % _BLOCK_PX, 0, -width % _BLOCK_PX, cv2.BORDER_CONSTANT, value=0)
    small = (padded.shape[1] // _BLOCK_PX, padded.shape[0] // _BLOCK_PX)
    blocks = cv2.resize(padded, small, interpolation=cv2.INTER_AREA)
    count, labels, groups, _ = cv2.connectedComponentsWithStats(blocks, connectivity=4)
    found = [np.empty((0, 4), np.int64)]
    for number in range(1, count):
        x, y, across, down, _ = groups[number].tolist()
        if across * down * _BLOCK_PX**2 < least_area_px:
            continue
        own = (labels[y : y + down, x : x + across] == number).astype(np.uint8)
        left, top = x * _BLOCK_PX, y * _BLOCK_PX
        part = padded[top : top + down * _BLOCK_PX, left : left + across * _BLOCK_PX]
        own = cv2.resize(own, None, fx=_BLOCK_PX, fy=_BLOCK_PX, interpolation=cv2.INTER_NEAREST)
        _, _, stats, _ = cv2.connectedComponentsWithStats(cv2.multiply(part, own), connectivity=4)
        boxes = stats[1:, :4] + (left, top, 0, 0)
        found.append(boxes[boxes[:, 2] * boxes[:, 3] >= least_area_px])
    boxes = np.concatenate(found)
    largest_first = boxes[np.argsort(-boxes[:, 2] * boxes[:, 3], kind="stable")].tolist()
    return tuple(
        BoundingBox(x / width, y / height, (x + across) / width, (y + down) / height)
        for x, y, across, down in largest_first
    )
