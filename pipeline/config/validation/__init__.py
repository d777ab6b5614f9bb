"""Blocks of the file against their pydantic models: an instance, or a sentence for everything that is wrong."""

from .entries import Entries, Item, named, section, text_at
from .validate import salvaged, validated

__all__ = [
    "Entries",
    "Item",
    "named",
    "salvaged",
    "section",
    "text_at",
    "validated",
]
