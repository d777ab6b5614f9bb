"""A transform that changes pixels: a photograph grows old."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from cameras import Attributes, Frame, Pixels
from transforms import Transform

TONE = np.array([[0.131, 0.168, 0.189], [0.534, 0.686, 0.769], [0.272, 0.349, 0.393]], np.float32)
"""How much of blue, green and red (rows) goes into the blue, green and red of sepia (columns)."""


class SepiaAttributes(Attributes):
    """Attributes of ``type: sepia`` in the YAML."""

    strength: float = Field(1.0, ge=0, le=1, description="How old the picture looks: 0 leaves it as it is.")


class Sepia(Transform[SepiaAttributes]):
    """Tones the picture; what was recognised stays where it is."""

    type_name: ClassVar[str] = "sepia"
    attributes_type = SepiaAttributes

    def apply(self, frame: Frame) -> Frame:
        """Return the frame in sepia. The frame that came in is shared, so its pixels are left alone."""
        image = frame.image.astype(np.float32)
        toned = image + self.attributes.strength * (image @ TONE - image)
        return frame.with_pixels(Pixels.from_bgr(toned.clip(0, 255).astype(np.uint8)))
