"""Cameras, the sources of frames, one module per kind; and the frame with its pixels and annotations."""

from typing import Any

from .annotations import (
    PREDICTIONS,
    Affine,
    Annotation,
    BoundingBox,
    Canvas,
    Caption,
    Classification,
    Color,
    Detection,
    Item,
    Keypoint,
    Keypoints,
    Label,
    Mask,
    Movement,
    Outline,
    Points,
    Prediction,
    Segmentation,
    as_mask,
    at_size,
    mask_png,
    warped,
)
from .attributes import Attributes, LocalPath
from .base import Camera, CameraAccessDenied, CameraCutShort, CameraEnded, CameraError, CameraUnreachable
from .image_file import ImageFile
from .internals import UnsuitableLibrary, require_internals, sets_attribute
from .interrupt import check_pyav
from .network import Address, is_private, is_public, one_line, redact_url, safe_text
from .picture import (
    MAX_PIXELS,
    Depth,
    Frame,
    Image,
    ImageError,
    Intrinsics,
    Mark,
    Matrix,
    PictureLimits,
    Pixels,
    Yuv,
    decode_image,
    pixels_from_av,
    read_header,
    yuv_from_rgb,
)
from .processes import Child, Deadline, DeadlineExceeded
from .slot import Slot, SlotClosed, SlotStatistics, Wakeup
from .snapshot import Snapshot
from .stream import Stream
from .test_pattern import TestPattern
from .threads import (
    BackgroundThread,
    BoundedCalls,
    CallsClosed,
    CallTimeout,
    Place,
    available_cores,
    own_place,
    waiting,
    working_for,
)
from .video_file import VideoFile
from .webcam import Webcam

CAMERAS: dict[str, type[Camera[Any]]] = {
    TestPattern.model_name: TestPattern,
    VideoFile.model_name: VideoFile,
    ImageFile.model_name: ImageFile,
    Webcam.model_name: Webcam,
    Stream.model_name: Stream,
    Snapshot.model_name: Snapshot,
}
"""Every kind of camera that is a source of frames, by its ``model`` in the YAML."""

ALIASES: dict[str, str] = {
    "fake": "test_pattern",
    "rdk:builtin:fake": "test_pattern",
    "rdk:builtin:webcam": "webcam",
    "ffmpeg": "stream",
    "rdk:builtin:ffmpeg": "stream",
    "rdk:builtin:image_file": "image_file",
    "rdk:builtin:transform": "transform",
}
"""Other names of models, as in Viam's machine files."""

__all__ = [
    "ALIASES",
    "CAMERAS",
    "MAX_PIXELS",
    "PREDICTIONS",
    "Address",
    "Affine",
    "Annotation",
    "Attributes",
    "BackgroundThread",
    "BoundedCalls",
    "BoundingBox",
    "CallTimeout",
    "CallsClosed",
    "Camera",
    "CameraAccessDenied",
    "CameraCutShort",
    "CameraEnded",
    "CameraError",
    "CameraUnreachable",
    "Canvas",
    "Caption",
    "Child",
    "Classification",
    "Color",
    "Deadline",
    "DeadlineExceeded",
    "Depth",
    "Detection",
    "Frame",
    "Image",
    "ImageError",
    "Intrinsics",
    "Item",
    "Keypoint",
    "Keypoints",
    "Label",
    "LocalPath",
    "Mark",
    "Mask",
    "Matrix",
    "Movement",
    "Outline",
    "PictureLimits",
    "Pixels",
    "Place",
    "Points",
    "Prediction",
    "Segmentation",
    "Slot",
    "SlotClosed",
    "SlotStatistics",
    "UnsuitableLibrary",
    "VideoFile",
    "Wakeup",
    "Yuv",
    "as_mask",
    "available_cores",
    "at_size",
    "check_pyav",
    "decode_image",
    "mask_png",
    "is_private",
    "is_public",
    "one_line",
    "own_place",
    "pixels_from_av",
    "read_header",
    "redact_url",
    "require_internals",
    "sets_attribute",
    "safe_text",
    "waiting",
    "warped",
    "working_for",
    "yuv_from_rgb",
]
