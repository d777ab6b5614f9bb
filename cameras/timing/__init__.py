"""The time of frames: timestamps that increase, pacing in real time, and deadlines for pictures."""

from .pacing import Pacer, PictureDeadline, Rebase, ticks

__all__ = ["Pacer", "PictureDeadline", "Rebase", "ticks"]
