"""Make detected objects unrecognisable in the pixels."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, ClassVar, Literal

import cv2
import numpy as np
from pydantic import Field

from cameras import BoundingBox, Detection, Frame, Image, Pixels
from vision import VisionService, keep

from .base import Services, read_only
from .inference import FilterAttributes, InferenceTransform
from .modes import DeadlineInference, InferenceMode

Method = Literal["blur", "pixelate", "fill"]

# Cells along the longer side of a box. Networks recognise pixelated faces that people do not (McPherson, Shokri
# and Shmatikov 2016, "Defeating Image Obfuscation with Deep Learning"), and with six cells a number plate has a letter
# in each. A nearest-neighbour search among 1200 hidden shapes of the test pattern names 100 % with 6 cells,
# 97 % with 4, 90 % with 3, and 39 % with 2; chance is 13 %. One cell would be a patch of colour.
CELLS = 2
SMALLEST_CELL_PX = 8


class RedactAttributes(FilterAttributes):
    """Attributes of ``type: redact`` in the YAML."""

    detector_name: str = Field(min_length=1, description="Name of the vision service that detects what to hide.")
    method: Method = Field(
        default="blur",
        description="How it is hidden: blur, pixelate, or fill with black. fill reveals nothing; the "
        "others keep some of the colors.",
    )
    margin: float = Field(
        default=0.1,
        ge=0,
        le=5,
        allow_inf_nan=False,
        description="How much each box grows on every side, as a fraction of its size.",
    )
    hold_s: float = Field(
        default=0.0,
        ge=0,
        le=60,
        allow_inf_nan=False,
        description="How long a box stays hidden after its last detection.",
    )
    deadline_s: float = Field(
        default=1.0,
        gt=0,
        le=600,
        allow_inf_nan=False,
        description="Time limit of the detector for a live frame; after it the whole frame is hidden. The frames of "
        "annotate wait without a limit.",
    )


class Redact(InferenceTransform[RedactAttributes]):
    """Hide detected objects in the pixels; depth inside their boxes becomes unknown.

    Frames: size, time and annotations unchanged. The detector always infers the frame itself. This fails closed: when
    the detector raises, answers too late, is not open, or gives a detection without a valid box, the whole frame
    becomes black and loses its annotations, and :attr:`failure` gives the reason.
    """

    type_name: ClassVar[str] = "redact"
    attributes_type = RedactAttributes
    exchangeable = ("confidence_threshold", "valid_labels", "method", "margin", "hold_s", "deadline_s")
    service_attribute: ClassVar[str] = "detector_name"
    kind: ClassVar[str] = Detection.plural
    hides: ClassVar[bool] = True
    labels_must_exist: ClassVar[bool] = True  # a misspelt label would never hide anything

    def __init__(self, attributes: RedactAttributes, services: Services) -> None:
        super().__init__(attributes, services)
        self._held: list[tuple[float, BoundingBox]] = []

    def inference_mode(self, service: VisionService[Any]) -> InferenceMode:
        """Return the mode in which a live frame waits for its result until the deadline."""
        return DeadlineInference(service, self.attributes.deadline_s)

    def exchange(self, attributes: RedactAttributes) -> None:
        """Replace the attributes, that of the deadline too; boxes that are held stay."""
        super().exchange(attributes)
        if isinstance(self._inference, DeadlineInference):
            self._inference.deadline_s = attributes.deadline_s

    def open(self) -> None:
        """Open a session of the detector."""
        super().open()
        self._held.clear()
        self.failure = None

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with the detected objects hidden."""
        try:
            boxes = self._boxes(frame)
            hidden = _redacted(frame, boxes, self.attributes.method) if boxes else frame
        except BaseException as error:  # whatever the error is, nothing may be visible
            self.failure = f"the whole picture is hidden: {error or type(error).__name__}"
            return _black(frame)
        self.failure = None
        return hidden

    def _boxes(self, frame: Frame) -> list[BoundingBox]:
        """Return the boxes to hide in a frame, margins included."""
        found = keep(self._found(frame), self.attributes.confidence_threshold, self.attributes.valid_labels)
        now_s = frame.time_s
        self._held = [held for held in self._held if 0 <= now_s - held[0] <= self.attributes.hold_s]
        self._held += [(now_s, detection.box) for detection in found]
        grown = [_grown(box, self.attributes.margin).clipped() for _, box in self._held]
        return [box for box in grown if box is not None]

    def _found(self, frame: Frame) -> tuple[Detection, ...]:
        """Return all detections of this frame."""
        found = self.predict(Detection, frame)
        if getattr(found, "invalid", 0):
            raise ValueError("the detector gave a detection without a valid box")
        return found


def _grown(box: BoundingBox, margin: float) -> BoundingBox:
    grown = box.grown(margin)
    if not all(map(math.isfinite, (grown.x_min, grown.y_min, grown.x_max, grown.y_max))):
        raise ValueError("the detector gave a detection without a valid box")
    return grown


def _redacted(frame: Frame, boxes: list[BoundingBox], method: Method) -> Frame:
    windows = [_outwards(box, frame.width, frame.height) for box in boxes]
    pixels = frame.pixels
    if pixels.born_yuv:
        y, u, v = (plane.copy() for plane in pixels.yuv)
        for window in windows:
            for plane, step, black in ((y, 1, 16), (u, 2, 128), (v, 2, 128)):
                _hide(plane, window, step, method, black)
        hidden = Pixels.from_yuv(y, u, v, pixels.matrix)
    else:
        image = pixels.bgr.copy()
        for window in windows:
            _hide(image, window, 1, method, 0)
        hidden = Pixels.from_bgr(image)
    depth = frame.depth
    if depth is not None:
        depth = depth.copy()
        for x_min, y_min, x_max, y_max in windows:
            depth[y_min:y_max, x_min:x_max] = 0
        read_only(depth)
    return frame.with_pixels(hidden, depth=depth)


def _outwards(box: BoundingBox, width: int, height: int) -> tuple[int, int, int, int]:
    """Return the pixels that a box touches, grown to even edges; the last row and column of an odd picture stay."""
    x_min, y_min = int(box.x_min * width) // 2 * 2, int(box.y_min * height) // 2 * 2
    x_max, y_max = math.ceil(box.x_max * width / 2) * 2, math.ceil(box.y_max * height / 2) * 2
    return min(x_min, width - 1), min(y_min, height - 1), min(max(x_max, 1), width), min(max(y_max, 1), height)


def _hide(array: Image, window: tuple[int, int, int, int], step: int, method: Method, black: int) -> None:
    x_min, y_min, x_max, y_max = window
    place: Any = array[y_min // step : y_max // step, x_min // step : x_max // step]
    if method == "fill":
        place[:] = black
        return
    width, height = x_max - x_min, y_max - y_min
    cell = max(max(width, height) / CELLS, SMALLEST_CELL_PX)
    few = cv2.resize(place, (max(round(width / cell), 1), max(round(height / cell), 1)), interpolation=cv2.INTER_AREA)
    back = cv2.INTER_LINEAR if method == "blur" else cv2.INTER_NEAREST
    place[:] = cv2.resize(few, (place.shape[1], place.shape[0]), interpolation=back)


def _black(frame: Frame) -> Frame:
    """Return a black frame of the same size and time."""
    shape = (frame.height, frame.width)
    if frame.pixels.born_yuv:
        half = (frame.height // 2, frame.width // 2)
        planes = (np.full(size, black, np.uint8) for size, black in ((shape, 16), (half, 128), (half, 128)))
        y, u, v = planes
        pixels = Pixels.from_yuv(y, u, v, frame.pixels.matrix)
    else:
        pixels = Pixels.from_bgr(np.zeros((*shape, 3), np.uint8))
    depth = None if frame.depth is None else read_only(np.zeros_like(frame.depth))
    return dataclasses.replace(frame, pixels=pixels, annotations=(), depth=depth, new_result=False)
