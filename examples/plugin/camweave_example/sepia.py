"""A transform that changes pixels: it tones the picture like an old photograph."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from cameras import Attributes, Frame, Pixels
from transforms import Transform

TONE = np.array([[0.131, 0.168, 0.189], [0.534, 0.686, 0.769], [0.272, 0.349, 0.393]], np.float32)
"""Weights of blue, green and red (rows) in the blue, green and red of sepia (columns)."""


class SepiaAttributes(Attributes):
    """Attributes of ``type: sepia`` in the YAML."""

    strength: float = Field(1.0, ge=0, le=1, description="Strength of the tone: 0 leaves the picture as it is.")


class Sepia(Transform[SepiaAttributes]):
    """Tones the picture; annotations keep their positions."""

    type_name: ClassVar[str] = "sepia"
    attributes_type = SepiaAttributes

    def apply(self, frame: Frame) -> Frame:
        """Return the toned frame as a copy: the input frame is shared and must not change."""
        image = frame.image.astype(np.float32)
        toned = image + self.attributes.strength * (image @ TONE - image)
        return frame.with_pixels(Pixels.from_bgr(toned.clip(0, 255).astype(np.uint8)))
