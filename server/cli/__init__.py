"""The command line: the arguments, output and exit code of each command."""

from typing import TYPE_CHECKING, Any

from .entry import main

if TYPE_CHECKING:
    from .commands import cli

__all__ = ["cli", "main"]


def __getattr__(name: str) -> Any:
    """Import the commands when they are first used: ``main`` handles signals before that."""
    if name == "cli":
        from .commands import cli

        return cli
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
