"""What people and programs ask: the command line, the HTTP API with its pages, and the protocols of other systems."""

from .cli import main

__all__ = ["main"]
