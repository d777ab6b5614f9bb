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

from cameras import Attributes, Detection, Frame, Mask, Prediction

from .base import Predictor, Session, VisionService
from .components import component_boxes

Planes = NDArray[np.float32]

_LONGER_SIDE_PX = 320  # of the reduced picture that is compared: smaller things than this shows are mostly noise
_SAME_SCENE = 0.5  # more of a picture than this never moves at once; then it is another scene
_RANGES = (1.0, 0.5, 0.5)  # colour planes of real pictures use half the range that brightness does
_JOINED = np.ones((5, 5), np.uint8)  # parts of a thing this near to each other are one


class MotionDetectorAttributes(Attributes):
    """Attributes of ``model: motion_detector`` in the YAML."""

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

    Each session has a background of its own, so that it should be shown the frames of one camera. Where more than half
    of a picture differs from it, as after a cut or when the light goes on, or where the size does, the background
    begins anew, and nothing has moved in that picture. Time is that of the frames. One that is older than the last is
    compared but teaches nothing.
    """

    model_name: ClassVar[str] = "motion_detector"
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
    """What the camera of one session has shown so far."""

    def __init__(self, attributes: MotionDetectorAttributes) -> None:
        self._attributes = attributes
        self._size: tuple[int, int] | None = None
        self._lock = threading.Lock()

    def detect(self, frame: Frame, session: Session) -> tuple[Detection, ...]:
        """Return what has moved in a frame, and learn from it."""
        with session.inference():
            planes = _reduced(frame)
            with self._lock:  # requests about one camera share a session and may come at once
                changed = self._changed(frame, planes)
            height, width = changed.shape
            least_px = math.ceil(self._attributes.segment_size_px * height * width / (frame.width * frame.height))
            boxes = component_boxes(np.asarray(cv2.morphologyEx(changed, cv2.MORPH_CLOSE, _JOINED), np.uint8), least_px)
        return tuple(Detection(self._attributes.label, 1.0, box=box) for box in boxes)

    def _changed(self, frame: Frame, planes: Planes) -> Mask:
        """Return 255 where a frame differs from the background by more than a share of the range, and learn from it."""
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
        """Take a frame into the background, by as much as the time since the last one is worth."""
        history_s = self._attributes.history_s
        # Pictures that somebody sends one by one have no time of their own; then it is when they came.
        step_s = frame.time_s - self._time_s or frame.captured_at - self._captured_at
        if step_s > 0:
            cv2.accumulateWeighted(planes, self._planes, 1 - math.exp(-step_s / history_s))
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
