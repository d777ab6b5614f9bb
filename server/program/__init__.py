"""What every part of the program shares and is quick to load: errors that end it, its version, where it listens."""

from .binding import is_loopback, listen, written
from .errors import StartError, UsageError
from .version import program_version

__all__ = ["StartError", "UsageError", "is_loopback", "listen", "program_version", "written"]
