"""Start the server with all its protocols, run it, and shut it down."""

from .lifecycle import Running, run, serve, shutdown, startup

__all__ = ["Running", "run", "serve", "shutdown", "startup"]
