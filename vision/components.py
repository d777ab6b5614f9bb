"""Bounding boxes of the connected areas of a picture that pass a test."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cameras import BoundingBox, Mask

MOST_BOXES = 10_000
"""Most boxes of one picture; the largest are kept."""

_BLOCK_PX = 8  # one set pixel in a block averages to 4, never to 0
_WHOLE_PX = 1 << 21
"""Pixels up to which a picture is searched at once. Larger ones, which would take ten bytes for each, are in bands."""
_BAND_PX = 1 << 20
"""Pixels of a band, of which each second one may be a component."""

Boxes = NDArray[np.int32]
"""Rows of x_min, y_min, x_max, y_max; max excluded."""


def component_boxes(mask: Mask, least_area_px: int) -> tuple[BoundingBox, ...]:
    """Return the boxes around the connected components of a mask, as :func:`area_boxes` does."""
    return area_boxes(mask, lambda part: part, least_area_px)


def area_boxes(
    picture: NDArray[np.uint8], test: Callable[[NDArray[np.uint8]], Mask], least_area_px: int
) -> tuple[BoundingBox, ...]:
    """Return the boxes around the connected areas of a picture that pass a test, largest first.

    Pixels connect by their edges (4-connectivity). Exact, also for areas that cross bands.

    Args:
        picture: (height, width) or (height, width, channels).
        test: Returns the mask of a part of the picture.
        least_area_px: Smallest area of a box, in pixels of the picture.
    """
    height, width = picture.shape[:2]
    if height * width <= _WHOLE_PX:
        boxes = _largest(_boxes(test(picture), least_area_px))
    else:
        boxes = _boxes_by_bands(picture, test, least_area_px)
    return tuple(
        BoundingBox(left / width, top / height, right / width, bottom / height)
        for left, top, right, bottom in boxes.tolist()
    )


def _boxes(mask: Mask, least_area_px: int) -> Boxes:
    """Return the boxes of a mask.

    Fast for sparse masks: connected pixels lie in connected blocks, so only large enough groups of blocks are searched
    pixel by pixel.
    """
    height, width = mask.shape
    padded = cv2.copyMakeBorder(mask, 0, -height % _BLOCK_PX, 0, -width % _BLOCK_PX, cv2.BORDER_CONSTANT, value=0)
    small = (padded.shape[1] // _BLOCK_PX, padded.shape[0] // _BLOCK_PX)
    blocks = cv2.resize(padded, small, interpolation=cv2.INTER_AREA)
    count, labels, groups, _ = cv2.connectedComponentsWithStats(blocks, connectivity=4)
    found = [np.empty((0, 4), np.int32)]
    for number in range(1, count):
        x, y, across, down, _ = groups[number].tolist()
        if across * down * _BLOCK_PX**2 < least_area_px:
            continue
        own = (labels[y : y + down, x : x + across] == number).astype(np.uint8)
        left, top = x * _BLOCK_PX, y * _BLOCK_PX
        part = padded[top : top + down * _BLOCK_PX, left : left + across * _BLOCK_PX]
        own = cv2.resize(own, None, fx=_BLOCK_PX, fy=_BLOCK_PX, interpolation=cv2.INTER_NEAREST)
        _, _, stats, _ = cv2.connectedComponentsWithStats(cv2.multiply(part, own), connectivity=4)
        found.append(_large(_corners(stats[1:], left, top), least_area_px))
    return np.concatenate(found)


def _boxes_by_bands(picture: NDArray[np.uint8], test: Callable[[NDArray[np.uint8]], Mask], least_area_px: int) -> Boxes:
    """Return the largest boxes of a picture, searched in bands across its longer side."""
    height, width = picture.shape[:2]
    is_wide = width > height
    joined = _Joined()
    found = np.empty((0, 4), np.int32)
    for start, band in _bands(picture, is_wide):
        mask = test(band)
        closed = joined.add(start, np.ascontiguousarray(mask.T) if is_wide else mask)
        found = np.concatenate([found, _large(closed, least_area_px)])
        if len(found) > 2 * MOST_BOXES:
            found = _largest(found)
    found = _largest(np.concatenate([found, _large(joined.boxes, least_area_px)]))
    return found[:, [1, 0, 3, 2]] if is_wide else found


def _bands(picture: NDArray[np.uint8], is_wide: bool) -> Iterator[tuple[int, NDArray[np.uint8]]]:
    """Yield the first row or column of each band, and the band."""
    shorter, longer = sorted(picture.shape[:2])
    step = max(_BAND_PX // shorter, 1)
    for start in range(0, longer, step):
        yield start, picture[:, start : start + step] if is_wide else picture[start : start + step]


class _Joined:
    """Joins the components of a band with those of the next one.

    Attributes:
        boxes: The boxes of the components that reach the end of the last band, in any order.
    """

    def __init__(self) -> None:
        self.boxes: Boxes = np.empty((0, 4), np.int32)
        self._edge: NDArray[np.int32] | None = None  # for each pixel of the last row, 0 or the place of its box, from 1

    def add(self, top: int, mask: Mask) -> Boxes:
        """Return the boxes of the components that end before the last row of the next band.

        Args:
            top: Its first row.
            mask: The mask of the band.
        """
        _, labels, stats, _ = cv2.connectedComponentsWithStats(mask, connectivity=4)
        own = _corners(stats[1:], 0, top)
        open_count = len(self.boxes)
        # The components on both sides of the border that touch; those of this band come after the open ones.
        pairs = np.empty((0, 2), np.int64)
        if self._edge is not None:
            both = (self._edge > 0) & (labels[0] > 0)
            pairs = np.stack([self._edge[both] - 1, labels[0][both] - 1 + open_count], axis=1).astype(np.int64)
        boxes: Boxes = np.concatenate([self.boxes, own])
        if not len(boxes):
            self._edge = None
            return boxes
        joined = _roots(len(boxes), pairs)
        moved = np.flatnonzero(joined != np.arange(len(boxes)))
        for column, outermost in enumerate((np.minimum, np.minimum, np.maximum, np.maximum)):
            outermost.at(boxes[:, column], joined[moved], boxes[moved, column])
        last = labels[-1]
        reaching = np.unique(joined[last[last > 0] - 1 + open_count])
        places = np.zeros(len(boxes), np.int32)
        places[reaching] = np.arange(1, len(reaching) + 1)
        is_closed = joined == np.arange(len(boxes))
        is_closed[reaching] = False
        self._edge = np.where(last > 0, places[joined[last - 1 + open_count]], 0).astype(np.int32)
        self.boxes = boxes[reaching]
        closed: Boxes = boxes[is_closed]
        return closed


def _roots(count: int, pairs: NDArray[np.int64]) -> NDArray[np.int64]:
    """Return for each of so many components the first of those that pairs connect it with."""
    roots = np.arange(count)
    if not len(pairs):
        return roots
    parents = dict[int, int]()

    def root_of(number: int) -> int:
        path = []
        while (parent := parents.get(number, number)) != number:
            path.append(number)
            number = parent
        for each in path:
            parents[each] = number
        return number

    for one, other in np.unique(pairs, axis=0).tolist():
        first, second = sorted((root_of(one), root_of(other)))
        parents[second] = first
    for number in list(parents):
        roots[number] = root_of(number)
    return roots


def _corners(stats: NDArray[Any], left: int, top: int) -> Boxes:
    """Return the boxes of OpenCV's x, y, width and height, in a part of a picture."""
    boxes: Boxes = stats[:, :4] + np.array([left, top, 0, 0], np.int32)
    boxes[:, 2:] += boxes[:, :2]
    return boxes


def _areas(boxes: Boxes) -> NDArray[np.int64]:
    areas: NDArray[np.int64] = (boxes[:, 2] - boxes[:, 0]).astype(np.int64) * (boxes[:, 3] - boxes[:, 1])
    return areas


def _large(boxes: Boxes, least_area_px: int) -> Boxes:
    return boxes[_areas(boxes) >= least_area_px]


def _largest(boxes: Boxes) -> Boxes:
    """Return the largest boxes, largest first."""
    return boxes[np.argsort(-_areas(boxes), kind="stable")[:MOST_BOXES]]
