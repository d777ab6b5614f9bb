"""Where frames are born: the frame itself, what can be attached to it, and one file per kind of camera."""

from .annotation import Annotation, BoundingBox, Classification, Detection, Mapping, Outline
from .attributes import Attributes, LocalPath
from .base import Camera, CameraEnded, CameraError
from .frame import Depth, Frame, Intrinsics, Mark
from .pixels import Image, Matrix, Pixels, Yuv, yuv_from_rgb
from .slot import Slot, SlotClosed, SlotStatistics

__all__ = [
    "Annotation",
    "Attributes",
    "BoundingBox",
    "Camera",
    "CameraEnded",
    "CameraError",
    "Classification",
    "Depth",
    "Detection",
    "Frame",
    "Image",
    "Intrinsics",
    "LocalPath",
    "Mapping",
    "Mark",
    "Matrix",
    "Outline",
    "Pixels",
    "Slot",
    "SlotClosed",
    "SlotStatistics",
    "Yuv",
    "yuv_from_rgb",
]
