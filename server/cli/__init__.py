"""The command line: what each command takes, what it prints, and the exit code that says how it went."""

from .commands import cli, main

__all__ = ["cli", "main"]
