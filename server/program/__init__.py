"""Shared by all parts of the program and quick to import: errors that end it, its version, and listening sockets."""

from .binding import host_and_port, is_loopback, listen
from .errors import StartError, UsageError
from .version import program_version

__all__ = ["StartError", "UsageError", "is_loopback", "listen", "program_version", "host_and_port"]
