"""Kinds that plugins add: installed packages, and Python files beside a configuration."""

from .files import with_files
from .packages import with_packages

__all__ = ["with_files", "with_packages"]
