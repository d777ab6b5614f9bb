"""Feeds, which distribute the frames of one camera each; the base class of producers; and meters."""

from .coded import CodedReader, CodedWatch
from .feed import Feed
from .meters import ByteRate, Counters, Latency, Rate, StreamCounts, wait_of, waited_s
from .producer import Output, Producer, State
from .reports import Reports
from .timeline import Picture, Timeline
from .watch import Watch

__all__ = [
    "ByteRate",
    "CodedReader",
    "CodedWatch",
    "Counters",
    "Feed",
    "Latency",
    "Output",
    "Picture",
    "Producer",
    "Rate",
    "Reports",
    "State",
    "StreamCounts",
    "Timeline",
    "Watch",
    "wait_of",
    "waited_s",
]
