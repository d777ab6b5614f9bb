"""Changing the text of a configuration without changing how it is written."""

from .secrets import with_secrets, without_secrets
from .values import with_values

__all__ = ["with_secrets", "with_values", "without_secrets"]
