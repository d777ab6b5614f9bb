"""Validating blocks of the file with pydantic models, and wording what is wrong with them."""

from .entries import Entries, Item, named, section, text_at
from .validate import partial_instance, validated

__all__ = [
    "Entries",
    "Item",
    "named",
    "partial_instance",
    "section",
    "text_at",
    "validated",
]
