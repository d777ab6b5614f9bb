"""The frame, its picture in several pixel formats, and decoding of picture files and video frames."""

from .decoder import CAMERA_DECODERS, DECODERS, MAX_PIXELS, PictureLimits
from .formats import ImageError, read_header
from .frame import Depth, Frame, Intrinsics, Mark, received_in
from .h264 import Bits, SequenceParameters, sequence_parameters
from .image import decode_depth, decode_image
from .nal_units import FrameNumbers, Part, begins_group, has_picture, part_of
from .pixels import Image, Matrix, Pixels, Yuv, yuv_from_rgb
from .video import pixels_from_av, squared_size

__all__ = [
    "CAMERA_DECODERS",
    "DECODERS",
    "MAX_PIXELS",
    "Bits",
    "Depth",
    "Frame",
    "FrameNumbers",
    "Image",
    "ImageError",
    "Intrinsics",
    "Mark",
    "Matrix",
    "Part",
    "PictureLimits",
    "Pixels",
    "SequenceParameters",
    "Yuv",
    "decode_depth",
    "decode_image",
    "pixels_from_av",
    "begins_group",
    "has_picture",
    "part_of",
    "read_header",
    "received_in",
    "sequence_parameters",
    "squared_size",
    "yuv_from_rgb",
]
