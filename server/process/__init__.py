"""What the program needs before all else: its signals and its end, the environment of libraries, its version.

It imports little, not even ``logging``: until it is imported, the process handles no signals.
"""

from .environment import set_library_defaults
from .signals import SignalThread, end_process, signals_handled
from .version import program_version

__all__ = ["SignalThread", "end_process", "program_version", "set_library_defaults", "signals_handled"]
