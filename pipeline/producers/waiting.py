"""The frames of a line that wait for a transform with a delay."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate

from cameras import Frame

MOST_FRAMES = 240
MOST_BYTES = 400_000_000
"""Most frames that wait, and most bytes of their pictures: two seconds of 1080p at 60 frames per second."""
_BYTES_PER_PIXEL = {True: 1.5, False: 3.0}  # of a picture born as YUV 4:2:0, and as BGR


@dataclass(frozen=True)
class _Waiting:
    frame: Frame
    index: int
    failed: bool
    until_s: float
    size: float


class Waiting:
    """Frames in the order in which they continue. Each waits until a constant time after it was received.

    Where they are too many, or too large, the oldest continue at once: the delay is then shorter than declared.

    Args:
        delays_s: The delay of each transform of the row; those of a frame add up.
    """

    def __init__(self, delays_s: Sequence[float]) -> None:
        self._delays_s = list(accumulate(delays_s))
        # One queue for each transform: all frames of a queue wait equally long.
        self._queues: list[deque[_Waiting]] = [deque() for _ in delays_s]
        self._bytes = 0.0

    def add(self, frame: Frame, index: int, failed: bool, now_s: float) -> None:
        """Add a frame that waits for the transform with an index; ``failed``: whether one before that has failed."""
        received_s = now_s if frame.received_s is None else frame.received_s
        size = frame.width * frame.height * _BYTES_PER_PIXEL[frame.pixels.born_yuv]
        self._queues[index].append(_Waiting(frame, index, failed, received_s + self._delays_s[index], size))
        self._bytes += size

    def due_in_s(self, now_s: float) -> float | None:
        """Return after how many seconds the next frame continues; ``None`` without one."""
        if self._is_full():
            return 0.0
        first = self._first()
        return None if first is None else max(first[0].until_s - now_s, 0.0)

    def next(self, now_s: float) -> tuple[Frame, int, bool] | None:
        """Remove and return a frame that continues now, as it was added; ``None`` without one."""
        first = self._first()
        if first is None or (first[0].until_s > now_s and not self._is_full()):
            return None
        over = first.popleft()
        self._bytes -= over.size
        return over.frame, over.index, over.failed

    def clear(self) -> None:
        """Drop all frames."""
        for queue in self._queues:
            queue.clear()
        self._bytes = 0.0

    def _first(self) -> deque[_Waiting] | None:
        """Return the queue of the frame that continues first."""
        filled = [queue for queue in self._queues if queue]
        return min(filled, key=lambda queue: queue[0].until_s) if filled else None

    def _is_full(self) -> bool:
        return self._bytes > MOST_BYTES or sum(map(len, self._queues)) > MOST_FRAMES
