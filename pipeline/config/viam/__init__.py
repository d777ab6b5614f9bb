"""Viam's machine files, read into the entries of our own files."""

from .machine import is_machine_file, machine_entries
from .packages import package_folders

__all__ = [
    "is_machine_file",
    "machine_entries",
    "package_folders",
]
