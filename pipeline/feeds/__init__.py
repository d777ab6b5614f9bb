"""Feeds, which distribute the frames of one camera each; the base class and executor of producers; and meters."""

from .clock import Clock, SystemClock, Timer
from .executor import WorkerExecutor
from .feed import Feed
from .memory import limit_heaps, release_memory
from .meters import ByteRate, Counters, Latency, Rate
from .producer import Output, Producer, State
from .reports import Reports
from .tasks import CLOSE_LIMIT_S, BlockingRun, Executor, FrameTask, Run, TaskRun, retry_pause_s
from .timeline import Timeline
from .watch import Watch

__all__ = [
    "CLOSE_LIMIT_S",
    "BlockingRun",
    "ByteRate",
    "Clock",
    "Counters",
    "Executor",
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
    "TaskRun",
    "WorkerExecutor",
    "Timeline",
    "Timer",
    "Watch",
    "limit_heaps",
    "release_memory",
    "retry_pause_s",
]
