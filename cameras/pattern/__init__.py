"""The scene that the test pattern shows, drawn anew for every moment, and what is to be seen in it."""

from .scene import Scene

__all__ = ["Scene"]
