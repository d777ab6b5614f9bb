"""Start the server with all its protocols, run it, and shut it down."""

from .addresses import hints_for_others
from .lifecycle import Running, run, serve, shutdown, startup
from .links import watch_link
from .options import ServeOptions, apply_options

__all__ = [
    "Running",
    "ServeOptions",
    "hints_for_others",
    "apply_options",
    "run",
    "serve",
    "shutdown",
    "startup",
    "watch_link",
]
