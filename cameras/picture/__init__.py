"""The frame, its picture in several pixel formats, and decoding of picture files and video frames."""

from .frame import Depth, Frame, Intrinsics, Mark
from .header import read_header
from .image import MAX_PIXELS, ImageError, decode_depth, decode_image
from .pixels import Image, Matrix, Pixels, Yuv, yuv_from_rgb
from .video import pixels_from_av

__all__ = [
    "MAX_PIXELS",
    "Depth",
    "Frame",
    "Image",
    "ImageError",
    "Intrinsics",
    "Mark",
    "Matrix",
    "Pixels",
    "Yuv",
    "decode_depth",
    "decode_image",
    "pixels_from_av",
    "read_header",
    "yuv_from_rgb",
]
