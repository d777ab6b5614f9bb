"""The table of exits."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .base import Muxer
from .events import EventsMuxer
from .flv import FlvMuxer
from .mjpeg import MjpegMuxer
from .mp4 import Mp4Muxer

EXITS: Mapping[str, type[Muxer]] = MappingProxyType(
    {exit.kind: exit for exit in (FlvMuxer, MjpegMuxer, Mp4Muxer, EventsMuxer)}
)
"""The exits by kind."""
