"""Raw outputs of families of detectors: one file per head, and the table of them."""

from .head import FLOOR, Head, HeadMatch, squeezed
from .table import HEADS, NONE, find_head

__all__ = ["FLOOR", "HEADS", "NONE", "HeadMatch", "Head", "find_head", "squeezed"]
