"""Burn the annotations into the frame, where something after it is to see them."""

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
        description="Whether they stay as data too: listed for clients, and painted again where the picture leaves.",
    )
    style: Style = Field(default=Style(), description="How they look.")

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Give what is wrong with the font file."""
        for path, message in self.style.check():
            yield ("style", *path), message


class Paint(Transform[PaintAttributes]):
    """Paint what was recognised so far into the pixels.

    Exits paint by themselves: this is for who wants a model, or another camera, to see the painted picture. Frames:
    size and time unchanged; annotations are gone unless they are to be kept. Depth and lens stay.
    """

    type_name: ClassVar[str] = "paint"
    attributes_type = PaintAttributes

    def apply(self, frame: Frame) -> Frame:
        """Return the painted frame; the frame itself when there is nothing to paint."""
        painted = paint(frame, self.attributes.style)
        if painted is not frame and self.attributes.keep_annotations:
            return dataclasses.replace(painted, annotations=frame.annotations)
        return painted
