"""Changing the text of a configuration without changing how it is written."""

from .values import with_values

__all__ = ["with_values"]
