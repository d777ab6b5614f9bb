"""Find what moves. No model: each picture is compared with what its camera has shown before."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cameras import Attributes, Detection, Frame, Mask

from .base import DETECTIONS, VisionService
from .components import component_boxes
from .runtimes import Runtime, RuntimeDeclaration

Planes = NDArray[np.float32]

_LONGER_SIDE_PX = 320  # of the reduced picture that is compared: smaller things than this shows are mostly noise
_MOST_VIEWS = 8
_SAME_VIEW = 0.5  # more of a picture than this never moves at once; then it is another scene
_RANGES = (1.0, 0.5, 0.5)  # colour planes of real pictures use half the range that brightness does
_JOINED = np.ones((5, 5), np.uint8)  # parts of a thing this near to each other are one


class MotionDetectorAttributes(Attributes):
    """What the YAML may say under ``attributes`` of ``model: motion_detector``."""

    threshold: float = Field(
        0.1, gt=0, lt=1, description="Least change of a pixel that counts, as a share of the range from dark to light."
    )
    segment_size_px: int = Field(1000, ge=0, description="Least area of a box, in pixels of the picture.")
    history_s: float = Field(
        2.0, gt=0, le=3600, description="Time in which what has come to rest becomes background again, in seconds."
    )
    label: str = Field("motion", min_length=1, description="Name of what is found.")
    camera_name: str | None = Field(None, description="Camera to look at when a client names none.")


class MotionDetector(VisionService[MotionDetectorAttributes]):
    """A detector of areas that have changed against a background that is learnt on the way; confidence 1.

    It is shared by all who ask, so it keeps a background for each view it is shown, and knows the view of a picture by
    its size and by the background that it resembles: a picture of which more than half differs from all of them begins
    a view of its own, in which nothing has moved yet. That is also what happens at a cut, or when the light goes on.
    Time is that of the frames. One that is older than the last of its view, because somebody else is further ahead, is
    compared but teaches nothing. Cameras whose pictures look alike need a service each.
    """

    model_name: ClassVar[str] = "motion_detector"
    attributes_type = MotionDetectorAttributes

    def __init__(
        self,
        name: str,
        attributes: MotionDetectorAttributes,
        runtime: RuntimeDeclaration | None = None,
        *,
        runtimes: Mapping[str, type[Runtime]] | None = None,
    ) -> None:
        super().__init__(name, attributes, runtime, runtimes=runtimes)
        self._views: list[_View] = []  # the one asked for last comes first
        self._views_lock = threading.Lock()

    @classmethod
    def default_camera(cls, attributes: MotionDetectorAttributes) -> str | None:
        """Return ``camera_name``."""
        return attributes.camera_name

    def _load(self) -> None:
        self.kinds, self.labels = frozenset({DETECTIONS}), (self.attributes.label,)

    def _release(self) -> None:
        with self._views_lock:
            self._views.clear()

    def _detect(self, frame: Frame) -> tuple[Detection, ...]:
        with self._counted():
            planes = _reduced(frame)
            with self._views_lock:
                changed = self._changed(frame, planes)
            height, width = changed.shape
            least_px = math.ceil(self.attributes.segment_size_px * height * width / (frame.width * frame.height))
            boxes = component_boxes(np.asarray(cv2.morphologyEx(changed, cv2.MORPH_CLOSE, _JOINED), np.uint8), least_px)
        return tuple(Detection(self.attributes.label, 1.0, box=box) for box in boxes)

    def _changed(self, frame: Frame, planes: Planes) -> Mask:
        """Return where a frame differs from the background of its view, and teach it this frame."""
        for view in self._views:
            if view.size == (frame.width, frame.height):
                changed = view.changed(planes, self.attributes.threshold)
                if cv2.countNonZero(changed) <= _SAME_VIEW * changed.size:
                    break
        else:
            view = _View(frame, planes)
            changed = np.zeros(planes.shape[:2], np.uint8)
            self._views = [*self._views[: _MOST_VIEWS - 1], view]
        self._views.remove(view)
        self._views.insert(0, view)
        view.learn(frame, planes, self.attributes.history_s)
        return changed


class _View:
    """What one camera, as somebody sees it, has shown so far.

    Attributes:
        size: Width and height of its frames.
    """

    def __init__(self, frame: Frame, planes: Planes) -> None:
        self.size = (frame.width, frame.height)
        self._begin(frame, planes)

    def _begin(self, frame: Frame, planes: Planes) -> None:
        self._background = planes.copy()
        self._time_s, self._captured_at = frame.time_s, frame.captured_at

    def changed(self, planes: Planes, threshold: float) -> Mask:
        """Return 255 where the planes differ from the background by more than a share of the range, 0 elsewhere."""
        difference = cv2.absdiff(planes, self._background)
        most = tuple(threshold * 255 * share for share in _RANGES)
        return np.asarray(cv2.bitwise_not(cv2.inRange(difference, (0, 0, 0), most)), np.uint8)

    def learn(self, frame: Frame, planes: Planes, history_s: float) -> None:
        """Take a frame into the background, by as much as the time since the last one is worth."""
        # Pictures that somebody sends one by one have no time of their own; then it is when they came.
        step_s = frame.time_s - self._time_s or frame.captured_at - self._captured_at
        if step_s > 0:
            cv2.accumulateWeighted(planes, self._background, 1 - math.exp(-step_s / history_s))
            self._time_s, self._captured_at = frame.time_s, frame.captured_at
        elif step_s < -history_s:  # the stream has begun again
            self._begin(frame, planes)


def _reduced(frame: Frame) -> Planes:
    """Return the planes of a picture, reduced and smoothed, brightness and both colours as (height, width, 3)."""
    shrink = max(1.0, max(frame.width, frame.height) / _LONGER_SIDE_PX)
    size = (max(1, round(frame.width / shrink)), max(1, round(frame.height / shrink)))
    planes = cv2.merge([_fitted(plane, size) for plane in frame.pixels.yuv])
    return np.asarray(cv2.GaussianBlur(planes, (3, 3), 0), np.float32)


def _fitted(plane: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    way = cv2.INTER_AREA if plane.shape[1] > size[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, size, interpolation=way), np.uint8)
