"""Start the server with all its protocols, run it, and shut it down."""

from .lifecycle import Running, run, serve, shutdown, startup
from .options import ServeOptions, apply_options

__all__ = ["Running", "ServeOptions", "apply_options", "run", "serve", "shutdown", "startup"]
