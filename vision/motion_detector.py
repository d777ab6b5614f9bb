"""The vision service that detects motion, by comparing each frame with a background, without a model."""

from __future__ import annotations

import math
import threading
from collections.abc import Mapping
from typing import ClassVar

import cv2
import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cameras import Attributes, Detection, Frame, Mask, Pixels, Prediction

from .base import Predictor, Session, VisionService
from .components import component_boxes

Planes = NDArray[np.float32]

_LONGER_SIDE_PX = 320  # of the reduced picture that is compared; finer changes are mostly noise
_LARGE_PX = 1 << 22  # planes of a larger picture are not made: they take half of its memory again
_SAME_SCENE = 0.5  # a larger share of changed pixels means another scene, not motion
_RANGES = (1.0, 0.5, 0.5)  # of Y, U and V: colour planes of real pictures use half the range of brightness
_JOINED = np.ones((5, 5), np.uint8)  # joins parts of an object that are this close


class MotionDetectorAttributes(Attributes):
    """Attributes of ``model: motion_detector`` in the YAML."""

    threshold: float = Field(
        0.1,
        gt=0,
        lt=1,
        description="Smallest change of a pixel that counts, as a share of the range from dark to light.",
    )
    segment_size_px: int = Field(1000, ge=0, description="Smallest area of a box, in pixels of the picture.")
    history_s: float = Field(
        2.0, gt=0, le=3600, description="Time in seconds after which an object at rest becomes background."
    )
    label: str = Field("motion", min_length=1, description="Label of the detections.")
    camera_name: str | None = Field(None, description="Camera to use when a client names none.")


class MotionDetector(VisionService[MotionDetectorAttributes]):
    """A detector of areas that differ from a running-average background; confidence 1.

    Each session has its own background, so use one session per camera. If more than half of a frame differs, as after
    a cut or when the light goes on, or if its size changes, the background restarts and that frame has no motion. Time
    is that of the frames. A frame older than the last one is compared but does not update the background.
    """

    model_name: ClassVar[str] = "motion_detector"
    may_hang: ClassVar[bool] = False
    attributes_type = MotionDetectorAttributes
    stateful: ClassVar[bool] = True

    @classmethod
    def default_camera(cls, attributes: MotionDetectorAttributes) -> str | None:
        """Return ``camera_name``."""
        return attributes.camera_name

    def _load(self) -> None:
        self.labels = (self.attributes.label,)

    def _release(self) -> None:
        pass

    def _predictors(self) -> Mapping[type[Prediction], Predictor]:
        return {Detection: _Background(self.attributes).detect}


class _Background:
    """The background of one session."""

    def __init__(self, attributes: MotionDetectorAttributes) -> None:
        self._attributes = attributes
        self._size: tuple[int, int] | None = None
        self._lock = threading.Lock()

    def detect(self, frame: Frame, session: Session) -> tuple[Detection, ...]:
        """Return the motion in a frame, and update the background."""
        with session.inference():
            planes = _reduced(frame)
            with self._lock:  # concurrent requests for one camera share a session
                changed = self._changed(frame, planes)
            height, width = changed.shape
            least_px = math.ceil(self._attributes.segment_size_px * height * width / (frame.width * frame.height))
            boxes = component_boxes(np.asarray(cv2.morphologyEx(changed, cv2.MORPH_CLOSE, _JOINED), np.uint8), least_px)
        return tuple(Detection(self._attributes.label, 1.0, box=box) for box in boxes)

    def _changed(self, frame: Frame, planes: Planes) -> Mask:
        """Return a mask, 255 where a frame differs from the background, and update the background."""
        if self._size == (frame.width, frame.height):
            most = tuple(self._attributes.threshold * 255 * share for share in _RANGES)
            alike = cv2.inRange(cv2.absdiff(planes, self._planes), (0, 0, 0), most)
            changed = np.asarray(cv2.bitwise_not(alike), np.uint8)
            if cv2.countNonZero(changed) <= _SAME_SCENE * changed.size:
                self._learn(frame, planes)
                return changed
        self._begin(frame, planes)
        return np.zeros(planes.shape[:2], np.uint8)

    def _begin(self, frame: Frame, planes: Planes) -> None:
        self._size = frame.width, frame.height
        self._planes = planes.copy()
        self._time_s, self._captured_at = frame.time_s, frame.captured_at

    def _learn(self, frame: Frame, planes: Planes) -> None:
        """Average a frame into the background, weighted by the time since the last one."""
        history_s = self._attributes.history_s
        # Single pictures from clients have no media time; use the time of arrival.
        step_s = frame.time_s - self._time_s or frame.captured_at - self._captured_at
        if step_s > 0:
            cv2.accumulateWeighted(planes, self._planes, 1 - math.exp(-step_s / history_s))
            self._time_s, self._captured_at = frame.time_s, frame.captured_at
        elif step_s < -history_s:  # the stream has restarted
            self._begin(frame, planes)


def _reduced(frame: Frame) -> Planes:
    """Return the YUV planes of a frame, reduced and smoothed, as (height, width, 3)."""
    shrink = max(1.0, max(frame.width, frame.height) / _LONGER_SIDE_PX)
    size = (max(1, round(frame.width / shrink)), max(1, round(frame.height / shrink)))
    pixels = frame.pixels
    if not pixels.born_yuv and frame.width * frame.height > _LARGE_PX:
        twice = (2 * size[0], 2 * size[1])  # so that the colour planes have the size that is compared
        pixels = Pixels.from_bgr(np.asarray(cv2.resize(pixels.bgr, twice, interpolation=cv2.INTER_AREA), np.uint8))
    planes = cv2.merge([_fitted(plane, size) for plane in pixels.yuv])
    return np.asarray(cv2.GaussianBlur(planes, (3, 3), 0), np.float32)


def _fitted(plane: NDArray[np.uint8], size: tuple[int, int]) -> NDArray[np.uint8]:
    way = cv2.INTER_AREA if plane.shape[1] > size[0] else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(plane, size, interpolation=way), np.uint8)
