"""Validating blocks of the file with pydantic models, and turning errors into messages."""

from .entries import Entries, Item, named, section, text_at
from .reserved import UNAVAILABLE, is_reserved_key
from .validate import partial_instance, validated

__all__ = [
    "UNAVAILABLE",
    "Entries",
    "Item",
    "is_reserved_key",
    "named",
    "partial_instance",
    "section",
    "text_at",
    "validated",
]
