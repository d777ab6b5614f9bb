"""How one producer of a feed follows another: when it takes over, and without showing a frame twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Generic, TypeVar

from cameras import CodedPicture, Frame

from ..camera_config import CameraConfig
from ..execution import Clock, Run, Timer
from .coded import CodedFanOut
from .fan_out import FanOut
from .producer import Output, Producer
from .timeline import Splice

SourceFeed = TypeVar("SourceFeed")

SUCCESSION_S = 10.0
"""How long a producer that was replaced shows its frames, or its last picture, while the next one gives none."""

AGAIN_S = 0.25
"""How long a successor waits for its next frame, when one was already shown by the producer before it."""


def opens_beside(producer: Producer, before: Producer) -> bool:
    """Return whether a producer may be opened while the frames of the one before are still shown."""
    return producer.opens_beside and before.opens_beside and not hides_more(producer, before)


def hides_more(producer: Producer, before: Producer | None) -> bool:
    """Return whether the frames of the producer before may show what this one hides."""
    return bool(producer.hides) and (before is None or producer.hides != before.hides)


@dataclass
class Successor(Generic[SourceFeed]):
    """A producer that has been started beside the one that it will replace.

    Attributes:
        producer: The producer.
        source: Its source feed; it has the same demand as that of the present producer.
        output: The output of its run.
        run: Its run.
        config: The declaration that applies as soon as it takes over.
        timer: Lets it take over in any case.
    """

    producer: Producer
    source: SourceFeed | None
    output: Output
    run: Run
    config: CameraConfig
    timer: Timer | None = field(default=None, repr=False)


class Succession(Generic[SourceFeed]):
    """The frames of a feed's producers, one after the other, and the successor that has not given one yet.

    The feed's lock protects the successor, that of the fan-out the order of the frames.

    Args:
        fan_out: Distributes the frames.
        coded: Distributes the coded pictures.
        clock: Times what may not wait for ever.

    Attributes:
        successor: Takes over with its first frame; ``None`` while none waits.
        catches_up: Whether the frames of the producer that took over last may have been shown by the one before. Shown
            again, each would put the time of the stream forward.
    """

    def __init__(self, fan_out: FanOut, coded: CodedFanOut, clock: Clock) -> None:
        self.successor: Successor[SourceFeed] | None = None
        self.catches_up = False
        self._fan_out = fan_out
        self._coded = coded
        self._clock = clock
        self._splice = Splice()

    def begin(self, successor: Successor[SourceFeed]) -> None:
        """Let a successor wait for its first frame, for ``SUCCESSION_S`` at most."""
        self.successor = successor
        successor.timer = self._clock.call_later(SUCCESSION_S, successor.output.failed)

    def take(self, output: Output | None = None) -> Successor[SourceFeed] | None:
        """Remove and return the successor; ``None`` if there is none, or none with the output that is given."""
        successor = self.successor
        if successor is None or (output is not None and successor.output is not output):
            return None
        self.successor = None
        if successor.timer is not None:
            successor.timer.cancel()
        return successor

    def publish(
        self, frame: Frame, origin: object, *, current: Callable[[], bool], published: Callable[[], None]
    ) -> bool:
        """Distribute a frame, in its place after those of before.

        While it catches up, a frame that was shown before is left out; it is shown after all if none follows it for
        ``AGAIN_S``, as where the source is a still picture.

        Args:
            frame: The frame.
            origin: Where its time and number come from (:attr:`Producer.origin`).
            current: Returns whether the run that the frame comes from still is the feed's.
            published: Called when the frame has been distributed, unless its coded picture was before.

        Returns:
            Whether the run is still current.
        """
        last: Frame | None = None
        is_coded = False

        def placed() -> Frame | None:
            nonlocal last, is_coded
            if not current():  # an abandoned thread may continue after another one has replaced it
                return None
            if self.catches_up and self._splice.has(frame, origin):
                last = self._fan_out.latest
                return None
            self.catches_up = False
            is_coded = self._splice.is_coded(frame, origin)
            return self._splice.place(frame, origin)

        def show_again() -> None:
            if self._fan_out.latest is last:
                self.catches_up = False
                self.publish(frame, origin, current=current, published=published)

        if self._fan_out.publish(placed):
            if not is_coded:
                published()
                self._coded.interrupt()
            return True
        if last is None:
            return False
        self._clock.call_later(AGAIN_S, show_again)
        return True

    def publish_coded(self, picture: CodedPicture, origin: object, *, current: Callable[[], bool]) -> bool:
        """Distribute a coded picture, in its place among the frames; return whether the run is still current.

        Args:
            picture: The picture; its frame may follow.
            origin: Where its time and number come from.
            current: As for :meth:`publish`.
        """
        placed = self._fan_out.between(lambda: self._splice.place(picture, origin) if current() else None)
        if placed is None:
            return False
        self._coded.publish(placed)
        return True
