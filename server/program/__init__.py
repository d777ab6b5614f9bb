"""Shared by all parts of the program and quick to import: errors that end it, its version, and listening sockets."""

from .binding import host_and_port, is_loopback, listen
from .errors import StartError, UsageError
from .files import is_exhausted, raise_file_limit
from .logs import LogFormatter, log_to_stderr
from .version import program_version

__all__ = [
    "LogFormatter",
    "StartError",
    "UsageError",
    "host_and_port",
    "is_exhausted",
    "is_loopback",
    "listen",
    "log_to_stderr",
    "program_version",
    "raise_file_limit",
]
