"""Decoders for the raw outputs of detector families: one module per head, and their table."""

from .box_forms import X_FIRST, Y_FIRST, filled, order_in_pixels
from .evidence import Evidence, Samples, plain_name, squeezed
from .head import FLOOR, Head, HeadMatch
from .table import HEADS, NONE, find_head, possible_heads

__all__ = [
    "FLOOR",
    "HEADS",
    "NONE",
    "Evidence",
    "HeadMatch",
    "Head",
    "Samples",
    "X_FIRST",
    "Y_FIRST",
    "filled",
    "find_head",
    "order_in_pixels",
    "plain_name",
    "possible_heads",
    "squeezed",
]
