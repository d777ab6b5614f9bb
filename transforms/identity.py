"""Pass frames on as they are."""

from __future__ import annotations

from typing import ClassVar

from cameras import Frame

from .base import NoAttributes, Transform


class Identity(Transform[NoAttributes]):
    """Give back the very frame that came in: a camera of its own name, intrinsics and style over another's picture."""

    type_name: ClassVar[str] = "identity"
    attributes_type = NoAttributes

    def apply(self, frame: Frame) -> Frame:
        """Return the frame itself."""
        return frame
