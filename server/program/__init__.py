"""Code that all parts of the program share, quick to import: its end by errors and signals, its version, sockets."""

from .binding import host_and_port, is_loopback, listen
from .errors import StartError, UsageError
from .files import is_exhausted, raise_file_limit
from .log_limit import LogLimit
from .logs import LogFormatter, log_to_stderr
from .loop_watchdog import LoopWatchdog
from .signals import SignalThread, end_process, signals_handled
from .stderr import write_to_stderr
from .version import program_version

__all__ = [
    "LogFormatter",
    "LogLimit",
    "LoopWatchdog",
    "SignalThread",
    "StartError",
    "UsageError",
    "end_process",
    "host_and_port",
    "is_exhausted",
    "is_loopback",
    "listen",
    "log_to_stderr",
    "program_version",
    "raise_file_limit",
    "signals_handled",
    "write_to_stderr",
]
