"""The time of frames: increasing timestamps, those of live sources, the capture, pacing, rates, and deadlines."""

from .capture import CaptureClock, CaptureTimes
from .frame_times import FrameTimes, Timed, believable, timing_of
from .live import LiveTimes, RateMeter
from .pacing import Pacer, PictureDeadline, Rebase, seconds, ticks
from .skipping import GroupSkipper

__all__ = [
    "CaptureClock",
    "CaptureTimes",
    "FrameTimes",
    "GroupSkipper",
    "LiveTimes",
    "Pacer",
    "PictureDeadline",
    "RateMeter",
    "Rebase",
    "Timed",
    "believable",
    "seconds",
    "ticks",
    "timing_of",
]
