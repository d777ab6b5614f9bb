"""What makes the frames of a feed while they are wanted: the base class of every producer."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import Any, Protocol

from cameras import Frame

from .executor import Run


class State(StrEnum):
    """What a camera is doing."""

    IDLE = "idle"
    OPENING = "opening"
    RUNNING = "running"
    OFFLINE = "offline"
    ENDED = "ended"


class Output(Protocol):
    """Where one run of a producer puts its frames. Safe from any thread.

    It belongs to that run alone: once the run is over, also while its thread is stuck or left behind, nothing that is
    put here reaches anybody.
    """

    def publish(self, frame: Frame) -> bool:
        """Hand a frame to all who take them; return whether it was still wanted."""

    def end(self) -> None:
        """Say that the run ends by itself, as at the end of a file: the last frame stays."""


class Producer(ABC):
    """Makes the frames of one feed between start and stop, again and again.

    A producer knows nothing of who takes its frames. What it needs (the feed its frames come from, the clock, where to
    report) comes in its constructor, and what it makes goes into the :class:`Output` of each run::

        class Still(Producer):
            state = State.RUNNING
            error = None

            def start(self, output, previous=None):
                return start_thread("still", lambda run: output.publish(self._frame), previous)

    All properties may be read from any thread at any time; they tell of the newest run.

    Attributes:
        annotates: Whether it attaches what can be painted.
    """

    annotates: bool = False

    @abstractmethod
    def start(self, output: Output, previous: Run | None = None) -> Run:
        """Begin a run; the one before must have ended first, and is waited for within a limit. Never blocks.

        Raises:
            RuntimeError: when the machine gives no more threads.
        """

    @property
    @abstractmethod
    def state(self) -> State:
        """What the newest run is doing."""

    @property
    @abstractmethod
    def error(self) -> str | None:
        """What is wrong with the newest run, in words; ``None`` while all is well."""

    @property
    def frame_rate(self) -> float | None:
        """Frames per second as declared, by the source itself; ``None`` where only measuring tells."""
        return None

    def transforms(self) -> list[dict[str, Any]]:
        """Return what ``/api/cameras`` shows of its transforms; none by default."""
        return []
