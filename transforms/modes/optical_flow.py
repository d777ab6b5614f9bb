"""Carry predictions from the frame that they were made for to later frames, by optical flow.

Pyramidal Lucas-Kanade on small gray pictures [1] follows points inside each prediction from frame to frame. Points that
do not lead back to where they came from are dropped. The median of the others moves and scales the prediction, as in
MedianFlow [2]: almost half of the points may belong to the background.

The masks of segmentations move by dense flow [3], since one mask holds all objects of a class, and each of them goes
its own way. Their points only tell whether the scene is the same.

[1] J.-Y. Bouguet: Pyramidal Implementation of the Affine Lucas Kanade Feature Tracker. Intel, 2001.
[2] Z. Kalal, K. Mikolajczyk, J. Matas: Forward-Backward Error: Automatic Detection of Tracking Failures. ICPR 2010.
[3] T. Kroeger et al.: Fast Optical Flow using Dense Inverse Search. ECCV 2016.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import cv2
import numpy as np
from numpy.typing import NDArray

from cameras import BoundingBox, Frame, Image, Mask, Movement, Points, Prediction, Segmentation, at_size, warped

GRAY_PX = 320
"""The longer side of the gray pictures."""
POINTS = 16
"""Most points that are followed for a prediction."""
ALL_POINTS = 160
"""Most points that are followed for all predictions of a frame."""
ERROR_PX = 1.0
"""Largest distance between a point and where it leads back to."""
LEAST_POINTS = 4
"""A prediction with fewer points left moves on as in its last step: it leaves the frame, or passes behind something."""
LEAST_FOLLOWED = 0.2
"""Where a smaller share of all points is found again, the picture shows something else."""

_Points = NDArray[np.float32]  # (n, 2): x and y in pixels of the gray picture; edges of pixels are whole numbers
_NO_POINTS: _Points = np.empty((0, 2), np.float32)
_WINDOW_PX = 15
_LEVELS = 3
_CRITERIA = (cv2.TERM_CRITERIA_COUNT | cv2.TERM_CRITERIA_EPS, 10, 0.03)
_BORDER = 0.05  # of a box on each side: its edges have the best points of a plain object
_QUALITY, _DISTANCE_PX = 0.001, 3  # of corners
_STRAY = 0.5  # of the size of a prediction: points further from where its movement takes them are not its own
_DENSE = (320, 180)  # whatever the shape of the picture: OpenCV's dense flow crashes on narrow ones
# Fewer refinements are off by two pixels where the picture grows; more cost more, and smear the edges of small objects.
_STRIDE_PX, _REFINEMENTS = 3, 3
_THUMBNAIL = (32, 18)
_PAN = (4, 3)  # most movement of the camera between two frames, in pixels of the thumbnails
_SAME_SCENE = 0.6  # least correlation of the thumbnails; of photographs, one pair in ten that differ has more
_FLAT = 2.0  # a standard deviation in gray levels that is noise


def gray_of(frame: Frame) -> Image:
    """Return the small gray picture of a frame, (height, width) uint8; cached with its pixels."""

    def make() -> Image:
        luma = frame.pixels.yuv.y
        scale = min(GRAY_PX / max(frame.width, frame.height), 1.0)
        size = max(round(frame.width * scale), 1), max(round(frame.height * scale), 1)
        return cast(Image, cv2.resize(luma, size, interpolation=cv2.INTER_AREA))

    return frame.pixels.memo("optical flow", make)


def is_cut(before: Image, after: Image) -> bool:
    """Return whether two gray pictures in a row show different scenes; a change of light is no cut."""
    if before.shape != after.shape:
        return True
    one, other = (cv2.resize(gray, _THUMBNAIL, interpolation=cv2.INTER_AREA) for gray in (before, after))
    spreads = float(one.std()), float(other.std())
    if min(spreads) < _FLAT:
        return max(spreads) >= 2 * _FLAT
    (width, height), (across, down) = _THUMBNAIL, _PAN
    middle = one[down : height - down, across : width - across]
    return float(cv2.matchTemplate(other, middle, cv2.TM_CCOEFF_NORMED).max()) < _SAME_SCENE


def masks_moved(predictions: Sequence[Prediction], before: Image, after: Image) -> tuple[Prediction, ...]:
    """Return predictions with the masks of segmentations moved to another frame of the scene; the others are the same.

    Args:
        predictions: The predictions. A segmentation of which no pixel is left is left out.
        before: The gray picture of their frame.
        after: That of the other frame, of the same size, earlier or later.
    """
    if before is after or not _has_segmentations(predictions):
        return tuple(predictions)
    flow = _DenseFlow(before)
    flow.advance(after)
    return flow.moved(predictions)


class CarriedPredictions:
    """Predictions for one frame, moved on to each frame after it.

    Args:
        predictions: The predictions.
        gray: The gray picture of their frame.
    """

    def __init__(self, predictions: Sequence[Prediction], gray: Image) -> None:
        self._gray = gray
        self._flow = _DenseFlow(gray) if _has_segmentations(predictions) else None
        points = min(ALL_POINTS // max(len(predictions), 1), POINTS)
        self._items = [_Carried(prediction, gray, points) for prediction in predictions]

    def advance(self, gray: Image) -> bool:
        """Move the predictions to the next frame, of the same size; return whether it shows the same scene."""
        before, self._gray = self._gray, gray
        if self._flow is not None:
            self._flow.advance(gray)
        now = np.concatenate([_NO_POINTS, *(item.now for item in self._items)])
        there, good = now, np.ones(len(now), np.bool_)
        if len(now):
            there, reached = _followed(before, gray, now)
            back, returned = _followed(gray, before, there)
            good = reached & returned & (np.linalg.norm(back - now, axis=1) <= ERROR_PX)
        first = 0
        for item in self._items:
            of_item = slice(first, first + len(item.now))
            item.move(there[of_item], good[of_item])
            first = of_item.stop
        return bool(np.count_nonzero(good) >= LEAST_FOLLOWED * len(good))

    def predictions(self) -> tuple[Prediction, ...]:
        """Return the predictions as they are in the newest frame, without those that have left it."""
        moved = tuple(place for item in self._items if (place := item.moved()) is not None)
        return moved if self._flow is None else self._flow.moved(moved)


class _Carried:
    """One prediction, and points that belong to it: ``start`` in its own frame, and ``now``."""

    def __init__(self, prediction: Prediction, gray: Image, points: int) -> None:
        self.prediction = prediction
        self.start = self.now = _points_of(prediction, gray, points)
        self._size_px = np.array(gray.shape[1::-1], np.float64)
        self._scale, self._shift, self._step = 1.0, np.zeros(2), np.zeros(2)

    def move(self, there: _Points, good: NDArray[np.bool_]) -> None:
        """Follow the points to where they are now."""
        self.start, self.now = self.start[good], there[good]
        if len(self.now) < LEAST_POINTS:
            self.start = self.now = _NO_POINTS
            self._shift = self._shift + self._step
            return
        scale = _spread(self.now) / max(_spread(self.start), 1e-6)
        shift = _median(self.now - scale * self.start)
        # Points of the background would be more than half of all one day.
        strays = np.linalg.norm(self.now - (scale * self.start + shift), axis=1) > _STRAY * max(_spread(self.now), 5.0)
        self.start, self.now = self.start[~strays], self.now[~strays]
        self._step = (scale - self._scale) * _median(self.start) + shift - self._shift
        self._scale, self._shift = float(scale), shift

    def moved(self) -> Prediction | None:
        """Return the prediction where it is now; ``None`` when it has left the frame; a segmentation as it was."""
        if isinstance(self.prediction, Segmentation):
            return self.prediction
        scale, shift = self._scale, self._shift / self._size_px
        if scale == 1.0 and not shift.any():
            return self.prediction

        def box(old: BoundingBox) -> BoundingBox | None:
            x, y = shift
            return BoundingBox(
                scale * old.x_min + x, scale * old.y_min + y, scale * old.x_max + x, scale * old.y_max + y
            ).clipped()

        def mask(old: Mask) -> Mask:
            height, width = old.shape
            inverse = np.array([[1 / scale, 0, -shift[0] / scale], [0, 1 / scale, -shift[1] / scale]])
            return warped(old, inverse, width, height)

        def points(old: Points) -> Points:
            return scale * old + shift

        return self.prediction.moved(Movement(box, mask, points))


class _DenseFlow:
    """Where each pixel of the newest picture was in the first one."""

    def __init__(self, gray: Image) -> None:
        self._gray = _at_dense_size(gray)
        self._dense = cv2.DISOpticalFlow.create(cv2.DISOPTICAL_FLOW_PRESET_ULTRAFAST)
        self._dense.setPatchStride(_STRIDE_PX)
        self._dense.setVariationalRefinementIterations(_REFINEMENTS)
        self._steps = 0
        width, height = _DENSE
        self._grid = np.dstack(np.meshgrid(np.arange(width, dtype=np.float32), np.arange(height, dtype=np.float32)))
        self._origin: NDArray[np.float32] = self._grid

    def advance(self, gray: Image) -> None:
        """Take the next picture."""
        before, self._gray = self._gray, _at_dense_size(gray)
        back = self._grid + self._dense.calc(self._gray, before, cast(Any, None))
        origin = cv2.remap(self._origin, back, cast(Any, None), cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        self._origin = cast(NDArray[np.float32], origin)
        self._steps += 1

    def moved(self, predictions: Sequence[Prediction]) -> tuple[Prediction, ...]:
        """Return predictions with the masks of segmentations as they are in the newest picture; no empty ones."""
        if not self._steps:
            return tuple(predictions)
        maps: dict[tuple[int, ...], NDArray[np.float32]] = {}

        def mask(old: Mask) -> Mask:
            height, width = size = old.shape
            if size not in maps:
                scale = np.array([width / _DENSE[0], height / _DENSE[1]], np.float32)
                # Pixels have their centre at a half.
                maps[size] = (cv2.resize(self._origin, (width, height)) + np.float32(0.5)) * scale - np.float32(0.5)
            found = cv2.remap(old, maps[size], cast(Any, None), cv2.INTER_NEAREST, borderMode=cv2.BORDER_REPLICATE)
            found.flags.writeable = False
            return cast(Mask, found)

        movement = Movement(lambda box: box, mask, lambda points: points)
        moved = (each.moved(movement) if isinstance(each, Segmentation) else each for each in predictions)
        return tuple(each for each in moved if each is not None)


def _has_segmentations(predictions: Sequence[Prediction]) -> bool:
    return any(isinstance(each, Segmentation) for each in predictions)


def _at_dense_size(gray: Image) -> Image:
    return cast(Image, cv2.resize(gray, _DENSE, interpolation=cv2.INTER_AREA))


def _followed(before: Image, after: Image, points: _Points) -> tuple[_Points, NDArray[np.bool_]]:
    """Return where points of one picture are in another, and which of them were found."""
    there, found, _ = cv2.calcOpticalFlowPyrLK(
        before,
        after,
        points[:, np.newaxis],
        cast(Any, None),
        winSize=(_WINDOW_PX, _WINDOW_PX),
        maxLevel=_LEVELS,
        criteria=_CRITERIA,
    )
    return cast(_Points, there[:, 0]), found[:, 0] == 1


def _spread(points: _Points) -> float:
    """Return the median distance of points from their median."""
    return float(_median(np.linalg.norm(points - _median(points), axis=1)))


def _median(values: NDArray[Any]) -> NDArray[Any]:
    """Return the median along the first axis, the upper one of two; for few values, ten times as fast as NumPy's."""
    return np.asarray(np.sort(values, axis=0)[len(values) // 2])


def _points_of(prediction: Prediction, gray: Image, points: int) -> _Points:
    """Return points that belong to a prediction and can be followed; none if it has no place in the frame."""
    region = prediction.region
    if region is None or points < LEAST_POINTS:
        return _NO_POINTS
    height, width = gray.shape
    inside = np.zeros(gray.shape, np.uint8)
    if isinstance(region, BoundingBox):
        around = region.grown(_BORDER).clipped()
        if around is None:
            return _NO_POINTS
        x_min, y_min, x_max, y_max = around.to_pixels(width, height)
        inside[y_min:y_max, x_min:x_max] = 255
    else:
        inside = at_size(region, width, height)
    x, y, columns, rows = cv2.boundingRect(inside)
    if not columns:
        return _NO_POINTS
    window = slice(y, y + rows), slice(x, x + columns)
    corners = cv2.goodFeaturesToTrack(gray[window], points, _QUALITY, _DISTANCE_PX, mask=inside[window])
    if corners is None:
        return _NO_POINTS
    return cast(_Points, corners[:, 0] + np.array([x, y], np.float32))
