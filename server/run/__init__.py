"""Start the server, run it, shut it down; here the protocols are put together over what they all ask."""

from .lifecycle import Running, run, serve, shutdown, startup

__all__ = ["Running", "run", "serve", "shutdown", "startup"]
