"""Feeds, which distribute the frames of one camera each; the base class and executor of producers; and meters."""

from .clock import Clock, SystemClock, Timer
from .executor import CLOSE_LIMIT_S, FrameTask, Run, retry_pause_s, start_task, start_thread
from .feed import Feed
from .meters import ByteRate, Counters, Latency, Rate
from .producer import Output, Producer, State
from .reports import Reports
from .timeline import Timeline
from .watch import Watch

__all__ = [
    "CLOSE_LIMIT_S",
    "ByteRate",
    "Clock",
    "Counters",
    "Feed",
    "FrameTask",
    "Latency",
    "Output",
    "Producer",
    "Rate",
    "Reports",
    "Run",
    "State",
    "SystemClock",
    "Timeline",
    "Timer",
    "Watch",
    "retry_pause_s",
    "start_task",
    "start_thread",
]
