"""The time of frames: increasing timestamps, those of live sources, the capture, pacing, rates; histograms of times."""

from .capture import CaptureClock, CaptureTimes
from .frame_times import FrameTimes, Timed, believable, timing_of
from .histogram import Buckets, Histogram
from .live import LiveTimes, RateMeter
from .pacing import Pacer, PictureDeadline, Rebase, seconds, ticks
from .skipping import GroupSkipper

__all__ = [
    "Buckets",
    "CaptureClock",
    "CaptureTimes",
    "FrameTimes",
    "GroupSkipper",
    "Histogram",
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
