"""The command line: the arguments, output and exit code of each command."""

from .commands import cli, main

__all__ = ["cli", "main"]
