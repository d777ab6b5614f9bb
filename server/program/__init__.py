"""What every part of the program shares and is quick to load: errors that end it, its version, where it listens."""

from .binding import host_and_port, is_loopback, listen
from .errors import StartError, UsageError
from .version import program_version

__all__ = ["StartError", "UsageError", "is_loopback", "listen", "program_version", "host_and_port"]
