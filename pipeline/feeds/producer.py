"""The base class of producers, which make the frames of a feed on demand."""

from __future__ import annotations

from abc import ABC, abstractmethod
from enum import StrEnum
from typing import Any, Protocol

from cameras import Attributes, CodedPicture, Frame

from ..execution import Executor, Run


class State(StrEnum):
    """The state of a camera."""

    IDLE = "idle"
    OPENING = "opening"
    RUNNING = "running"
    OFFLINE = "offline"
    ENDED = "ended"


class Output(Protocol):
    """The output of one run of a producer. Safe from any thread.

    Each run has its own: frames of a run that is over are dropped, even while its thread is stuck or abandoned.
    """

    def publish(self, frame: Frame) -> bool:
        """Distribute a frame to all readers; return whether the run is still current."""

    def publish_coded(self, picture: CodedPicture) -> bool:
        """Distribute a coded picture, before its frame if there is one; return whether the run is still current."""

    @property
    def wants_frames(self) -> bool:
        """Whether somebody needs frames; if not, coded pictures are enough."""

    @property
    def unread(self) -> int:
        """Number of frames of the feed that no reader took before the next one came."""

    def failed(self) -> None:
        """Report that the run cannot be opened now: a successor takes over at once, to show why."""

    def end(self) -> None:
        """Report that the run ends by itself, as at the end of a file: the last frame stays."""


class Producer(ABC):
    """Makes the frames of one feed between start and stop, again and again.

    A producer does not know the readers of its frames. Its constructor takes what it needs (a source feed, the clock,
    the reports); its frames go into the :class:`Output` of each run::

        class Still(Producer):
            state = State.RUNNING
            error = None

            def start(self, output, executor, previous=None):
                return executor.start_thread("still", lambda run: output.publish(self._frame), previous)

    All properties may be read from any thread at any time; they describe the newest run.

    Attributes:
        annotates: Whether it attaches annotations.
        live: Whether its frames are captured as they come, not taken from a file.
        may_pass: Whether coded pictures may come before its frames, or in their place.
        opens_beside: Whether it may be open at the same time as one that replaces it: it holds no device.
        hides: What it hides in its frames, and how: equal for producers that hide the same; empty if it hides nothing.
    """

    hides: tuple[object, ...] = ()

    opens_beside: bool = False
    annotates: bool = False
    live: bool = True
    may_pass: bool = False

    @abstractmethod
    def start(self, output: Output, executor: Executor, previous: Run | None = None) -> Run:
        """Start a run on an executor; it first waits for the end of the previous one, up to a limit. Never blocks.

        Raises:
            RuntimeError: when the system gives no more threads.
        """

    def exchange(self, attributes: Attributes) -> None:  # noqa: B027  # a hook
        """Take other attributes of its camera while it runs or not, soon; never blocks. Nothing by default.

        Only called with attributes that :meth:`DeclaredProducer.exchanges` has accepted.
        """

    @property
    def origin(self) -> object:
        """Where the times and numbers of its frames come from: a producer with the same origin continues them."""
        return self

    @property
    @abstractmethod
    def state(self) -> State:
        """The state of the newest run."""

    @property
    @abstractmethod
    def error(self) -> str | None:
        """The present error of the newest run; ``None`` without an error."""

    @property
    def error_lasts(self) -> bool:
        """Whether every further try will fail too, unless somebody changes a file or the configuration."""
        return False

    @property
    def frame_rate(self) -> float | None:
        """Frames per second as the source declares them; ``None`` when only a measurement can tell."""
        return None

    def transforms(self) -> list[dict[str, Any]]:
        """Return its transforms as ``/api/cameras`` shows them; empty by default."""
        return []
