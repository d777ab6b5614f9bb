"""What runs the units of the graph: a few workers for frames, threads for what blocks, and the clock of both."""

from .clock import Clock, SystemClock, Timer
from .executor import WorkerExecutor
from .memory import limit_heaps, release_memory
from .tasks import CLOSE_LIMIT_S, BlockingRun, Executor, FrameTask, Run, TaskRun, retry_pause_s

__all__ = [
    "CLOSE_LIMIT_S",
    "BlockingRun",
    "Clock",
    "Executor",
    "FrameTask",
    "Run",
    "SystemClock",
    "TaskRun",
    "Timer",
    "WorkerExecutor",
    "limit_heaps",
    "release_memory",
    "retry_pause_s",
]
