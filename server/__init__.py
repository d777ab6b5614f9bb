"""The door: the command line, the HTTP API, and the page in the browser."""

from .cli import main

__all__ = ["main"]
