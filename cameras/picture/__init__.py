"""The frame, its picture in several pixel formats, and decoding of picture files and video frames."""

from .decoder import CAMERA_DECODERS, DECODERS, MAX_PIXELS, PictureLimits
from .formats import ImageError, read_header
from .frame import Depth, Frame, Intrinsics, Mark
from .image import decode_depth, decode_image
from .pixels import Image, Matrix, Pixels, Yuv, yuv_from_rgb
from .video import pixels_from_av

__all__ = [
    "CAMERA_DECODERS",
    "DECODERS",
    "MAX_PIXELS",
    "Depth",
    "Frame",
    "Image",
    "ImageError",
    "Intrinsics",
    "Mark",
    "Matrix",
    "PictureLimits",
    "Pixels",
    "Yuv",
    "decode_depth",
    "decode_image",
    "pixels_from_av",
    "read_header",
    "yuv_from_rgb",
]
