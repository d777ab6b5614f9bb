"""Annotations painted into pixels: how they look, where their labels stand, and the letters of all scripts."""

from .layout import paint
from .style import Style

__all__ = ["Style", "paint"]
