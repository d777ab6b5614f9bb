"""Paint the annotations into the frame within the pipeline."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from typing import ClassVar

from pydantic import Field

from cameras import Attributes, Frame

from .base import Transform
from .painting import Style, paint


class PaintAttributes(Attributes):
    """Attributes of ``type: paint`` in the YAML."""

    keep_annotations: bool = Field(
        default=False,
        description="Whether they stay as data too: listed for clients, and painted again on the output.",
    )
    style: Style = Field(default=Style(), description="Appearance of the annotations.")

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield the errors of the font file."""
        for path, message in self.style.check():
            yield ("style", *path), message


class Paint(Transform[PaintAttributes]):
    """Paint the annotations so far into the pixels.

    Outputs paint by themselves: this transform is for models, or other cameras, that need the painted picture. Frames:
    size and time unchanged; annotations are removed unless ``keep_annotations`` is set. Depth and lens stay.
    """

    type_name: ClassVar[str] = "paint"
    attributes_type = PaintAttributes
    exchangeable = ("keep_annotations", "style")

    def apply(self, frame: Frame) -> Frame:
        """Return the painted frame; the same frame when there is nothing to paint."""
        painted = paint(frame, self.attributes.style)
        if painted is not frame and self.attributes.keep_annotations:
            return dataclasses.replace(painted, annotations=frame.annotations)
        return painted
