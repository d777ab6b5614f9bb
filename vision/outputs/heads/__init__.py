"""Decoders for the raw outputs of detector families: one module per head, and their table."""

from .head import FLOOR, Head, HeadMatch, squeezed
from .table import HEADS, NONE, find_head

__all__ = ["FLOOR", "HEADS", "NONE", "HeadMatch", "Head", "find_head", "squeezed"]
