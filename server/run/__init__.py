"""Start the server with all its protocols, run it, and shut it down."""

from .addresses import hints_for_others
from .lifecycle import Running, run, serve, shutdown, startup
from .options import ServeOptions, apply_options

__all__ = ["Running", "ServeOptions", "apply_options", "hints_for_others", "run", "serve", "shutdown", "startup"]
