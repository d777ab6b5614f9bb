"""The scene of the test pattern, rendered for any moment, with its ground truth."""

from .scene import Scene

__all__ = ["Scene"]
