"""Feeds, which distribute the frames of one camera each; the base class of producers; and meters."""

from .feed import Feed
from .meters import ByteRate, Counters, Latency, Rate, wait_of, waited_s
from .producer import Output, Producer, State
from .reports import Reports
from .timeline import Timeline
from .watch import Watch

__all__ = [
    "ByteRate",
    "Counters",
    "Feed",
    "Latency",
    "Output",
    "Producer",
    "Rate",
    "Reports",
    "State",
    "Timeline",
    "Watch",
    "wait_of",
    "waited_s",
]
