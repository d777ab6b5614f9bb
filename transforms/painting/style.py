"""The ``style:`` block of a camera: how its annotations look."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Annotated, Any

from pydantic import AfterValidator, BeforeValidator, Field

from cameras import Attributes, LocalPath

from .text import read_typeface


def _not_a_comment(value: Any) -> Any:
    if value is None:
        raise ValueError('must be a color in quotes, such as "#1f77b4": without quotes YAML reads # as a comment')
    return value


def _color(value: str) -> str:
    if value != "auto" and not re.fullmatch("#[0-9a-fA-F]{6}", value):
        raise ValueError(f'must be a color such as "#1f77b4", or auto, got {value!r}')
    return value


Color = Annotated[str, BeforeValidator(_not_a_comment), AfterValidator(_color)]
"""``"#RRGGBB"``, or ``auto``."""


class Style(Attributes):
    """The ``style:`` block of the YAML."""

    color: Color = Field(
        default="auto", description="Color of boxes and label plates; auto: one per label, always the same."
    )
    colors: dict[str, Color] = Field(default={}, description="Color by label, in any letter case; overrides color.")
    text_color: Color = Field(
        default="auto", description="Color of the text; auto: black or white, whichever has more contrast."
    )
    line_width_px: int | None = Field(
        default=None, ge=1, le=100, description="Line width of boxes; default: by picture size."
    )
    text_height_px: int | None = Field(
        default=None, ge=6, le=500, description="Height of the text; default: 1/30 of the picture's, at least 10."
    )
    mask_opacity: float = Field(
        default=0.45,
        ge=0,
        le=1,
        allow_inf_nan=False,
        description="Opacity of masks; 0: only their edge.",
    )
    font: LocalPath | None = Field(default=None, description="A TrueType or OpenType file; default: Noto Sans.")

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield the error of an unusable font file. One that has been replaced is read again."""
        if self.font is None:
            return
        from .faces import UnreadableFont  # late, as in ``read_typeface``

        try:
            read_typeface(self.font)
        except UnreadableFont as error:
            yield ("font",), str(error)

    def text_size(self, height: int) -> int:
        """Return the height of the text in pixels, for a picture of ``height`` pixels."""
        return self.text_height_px or max(10, round(height / 30))

    def line_width(self, width: int, height: int) -> int:
        """Return the width of a line in pixels, for a picture of this size."""
        return self.line_width_px or max(2, 2 * round(min(width, height) / 400))
