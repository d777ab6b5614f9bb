"""Raw outputs of families of detectors: one file per head, and the table of them."""

from .head import FLOOR, Found, Head, squeezed
from .table import HEADS, NONE, find_head

__all__ = ["FLOOR", "HEADS", "NONE", "Found", "Head", "find_head", "squeezed"]
