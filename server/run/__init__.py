"""Start the server with all its protocols, run it, and shut it down."""

from .addresses import hints_for_others
from .lifecycle import Running, run, serve, shutdown, startup
from .links import watch_link

__all__ = [
    "Running",
    "hints_for_others",
    "run",
    "serve",
    "shutdown",
    "startup",
    "watch_link",
]
