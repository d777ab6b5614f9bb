"""Decoding of picture files: their headers, orientations and pixels.

Imports nothing else of this program: the process that decodes pictures loads only this package.
"""

from .decode import ImageError, decode
from .header import PictureHeader, read_header
from .orientation import UPRIGHT, Orientation
from .slots import map_slots, slots_file

__all__ = ["UPRIGHT", "ImageError", "Orientation", "PictureHeader", "decode", "map_slots", "read_header", "slots_file"]
