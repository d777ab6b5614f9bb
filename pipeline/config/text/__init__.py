"""Changing the text of a configuration without changing how it is written."""

from .secrets import UnknownSecret, with_secrets, without_secrets
from .values import with_values

__all__ = ["UnknownSecret", "with_secrets", "with_values", "without_secrets"]
