"""Pass frames unchanged."""

from __future__ import annotations

from typing import ClassVar

from cameras import Frame

from .base import NoAttributes, Transform


class Identity(Transform[NoAttributes]):
    """Return each frame unchanged: for a camera with its own name, intrinsics and style on the frames of another."""

    type_name: ClassVar[str] = "identity"
    attributes_type = NoAttributes

    def apply(self, frame: Frame) -> Frame:
        """Return the frame itself."""
        return frame
