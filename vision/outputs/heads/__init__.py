"""Decoders for the raw outputs of detector families: one module per head, and their table."""

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
    "find_head",
    "plain_name",
    "possible_heads",
    "squeezed",
]
