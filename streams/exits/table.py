"""The table of exits."""

from __future__ import annotations

from collections.abc import Mapping
from types import MappingProxyType

from .base import Muxer
from .mjpeg import MjpegMuxer

EXITS: Mapping[str, type[Muxer]] = MappingProxyType({exit.kind: exit for exit in (MjpegMuxer,)})
"""The exits by kind."""
