"""The time of frames: timestamps that increase, those of live sources, pacing, rates, and deadlines for pictures."""

from .frame_times import FrameTimes, believable, timing_of
from .live import LiveTimes, RateMeter
from .pacing import Pacer, PictureDeadline, Rebase, seconds, ticks
from .skipping import GroupSkipper

__all__ = [
    "FrameTimes",
    "GroupSkipper",
    "LiveTimes",
    "Pacer",
    "PictureDeadline",
    "RateMeter",
    "Rebase",
    "believable",
    "seconds",
    "ticks",
    "timing_of",
]
