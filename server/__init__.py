"""The interfaces of the program: the command line, the HTTP API with its pages, and other systems' protocols."""

from .cli import main

__all__ = ["main"]
