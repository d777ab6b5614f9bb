"""Converting Viam's machine files into the entries of a camweave configuration."""

from .machine import is_machine_file, machine_entries
from .packages import package_folders

__all__ = [
    "is_machine_file",
    "machine_entries",
    "package_folders",
]
