"""Code that all parts of the program share, quick to import: its end by errors, its log, sockets, files."""

from .binding import host_and_port, is_loopback, listen
from .errors import StartError, UsageError
from .files import is_exhausted, raise_file_limit
from .log_limit import LogLimit
from .logs import LogFormatter, log_to_stderr
from .loop_watchdog import LoopWatchdog
from .stderr import write_to_stderr

__all__ = [
    "LogFormatter",
    "LogLimit",
    "LoopWatchdog",
    "StartError",
    "UsageError",
    "host_and_port",
    "is_exhausted",
    "is_loopback",
    "listen",
    "log_to_stderr",
    "raise_file_limit",
    "write_to_stderr",
]
