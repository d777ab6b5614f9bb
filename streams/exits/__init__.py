"""Live streams as bytes over one connection: one file for each kind, and a row in ``EXITS``."""

from .base import Muxer, MuxerOptions
from .byte_stream import ByteStream, open_stream
from .mp4 import MseMuxer
from .table import EXITS

__all__ = ["EXITS", "ByteStream", "MseMuxer", "Muxer", "MuxerOptions", "open_stream"]
