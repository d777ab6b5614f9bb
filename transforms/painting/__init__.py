"""Painting annotations into pixels: their style, the layout of labels, and text in all scripts."""

from .layout import paint
from .style import Style

__all__ = ["Style", "paint"]
