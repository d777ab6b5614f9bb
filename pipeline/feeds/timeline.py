"""Monotonic frame times: of a source across restarts and jumps, and of a feed across producers."""

from __future__ import annotations

import time
from fractions import Fraction
from typing import TypeVar

from cameras import CodedPicture, Frame

Picture = TypeVar("Picture", Frame, CodedPicture)

REPEAT_TICK_S = Fraction(1, 9000)
"""Distance of a frame that is shown again from the one before, at most; 10 ticks of RTP's clock."""

JUMP_S = 5.0
"""A step of the source's time that differs from the clock's by more than this is a jump."""


class Timeline:
    """The time of one running camera: starts at its first frame and never decreases.

    Frames keep the ticks of their source. When the source restarts, goes back or jumps, an offset is added from then
    on, so that the next frame follows the last one by their distance on the clock. All frames carry the time base of
    the first one.
    """

    def __init__(self) -> None:
        self._time_base: Fraction | None = None
        self._offset = 0
        self._last_source = 0
        self._last = -1
        self._last_at_s = 0.0
        self._restarted = False
        self._sequence = 0

    def restart(self) -> None:
        """Report that the source restarts its time with the next frame."""
        self._restarted = True

    def place(self, frame: Picture, at_s: float) -> Picture:
        """Return a frame, or a coded picture in place of one, with its time and sequence number in the running camera.

        ``at_s`` is the moment it arrived, on the monotonic clock.
        """
        if self._time_base is None:
            self._time_base = frame.time_base
            self._offset = -frame.pts
        # Rounded to whole ticks: exact unless a reopened source has another time base.
        source = _in_ticks(frame, self._time_base)
        if self._last >= 0:
            elapsed_s = max(at_s - self._last_at_s, 0.0)
            step = source - self._last_source
            jump_s = abs(step * self._time_base.numerator / self._time_base.denominator - elapsed_s)
            if self._restarted or step <= 0 or jump_s > JUMP_S:
                self._offset = self._last + max(round(elapsed_s / self._time_base), 1) - source
        self._restarted = False
        pts = source + self._offset
        self._last_source, self._last, self._last_at_s = source, pts, at_s
        placed = frame.retimed(pts, self._time_base, self._sequence)
        self._sequence += 1
        return placed


class Splice:
    """The frames of successive producers as one stream, whose time and numbers always increase.

    The frames of the first producer stay unchanged. When they come from another origin, offsets of time and sequence
    make the first of them follow the last one by their distance on the monotonic clock, with the next number. Where the
    time bases differ, the finer one applies from then on. A frame of the same origin that is not newer than the last
    one, such as one that was transformed again, follows it by ``REPEAT_TICK_S``, so that a later one keeps its time.
    Coded pictures are placed as frames, and the frame of the last coded picture has its place.

    Use from one thread at a time.
    """

    def __init__(self) -> None:
        self._origin: object | None = None
        self._time_base: Fraction | None = None
        self._offset = self._sequence_offset = 0
        self._last = self._last_sequence = 0
        self._last_at_s = 0.0
        self._newest = 0
        self._coded: tuple[int, CodedPicture] | None = None  # with its number in the origin

    def is_coded(self, frame: Frame, origin: object) -> bool:
        """Return whether a frame is that of the last coded picture."""
        coded = self._coded
        return coded is not None and origin is self._origin and frame.sequence == coded[0]

    def has(self, frame: Frame, origin: object) -> bool:
        """Return whether a frame of an origin, or a newer one, is in the stream already."""
        return origin is self._origin and frame.sequence <= self._newest

    def place(self, frame: Picture, origin: object) -> Picture:
        """Return a frame with its time and number in the stream; the same frame when they do not change.

        Args:
            frame: The next frame, or coded picture.
            origin: Where its time and number come from, such as the producer.
        """
        coded, self._coded = self._coded, None
        if coded is not None and isinstance(frame, Frame) and origin is self._origin and frame.sequence == coded[0]:
            return _at(frame, coded[1].pts, coded[1].time_base, coded[1].sequence)
        placed = self._next_place(frame, origin)
        if isinstance(placed, CodedPicture):
            self._coded = frame.sequence, placed
        return placed

    def _next_place(self, frame: Picture, origin: object) -> Picture:
        received_s = frame.received_s
        at_s = time.monotonic() if received_s is None else received_s
        is_first = self._time_base is None
        if self._time_base is None:
            self._time_base = frame.time_base
        elif frame.time_base < self._time_base:
            self._refine(frame.time_base)
        if origin is not self._origin and not is_first:
            elapsed_s = max(at_s - self._last_at_s, 0.0)
            self._offset = self._last + max(round(elapsed_s / self._time_base), 1) - self._ticks(frame)
            self._sequence_offset = self._last_sequence + 1 - frame.sequence
        self._newest = frame.sequence if origin is not self._origin else max(self._newest, frame.sequence)
        pts = self._ticks(frame) + self._offset
        sequence = frame.sequence + self._sequence_offset
        if not is_first:
            sequence = max(sequence, self._last_sequence + 1)
            if pts <= self._last:
                self._refine(min(self._time_base, REPEAT_TICK_S))
                pts = self._last + 1
        self._origin, self._last, self._last_sequence, self._last_at_s = origin, pts, sequence, at_s
        return _at(frame, pts, self._time_base, sequence)

    def _refine(self, time_base: Fraction) -> None:
        assert self._time_base is not None
        finer = self._time_base / time_base
        self._last, self._offset = round(self._last * finer), round(self._offset * finer)
        self._time_base = time_base

    def _ticks(self, frame: Frame | CodedPicture) -> int:
        assert self._time_base is not None
        return _in_ticks(frame, self._time_base)


def _in_ticks(frame: Frame | CodedPicture, time_base: Fraction) -> int:
    """Return the time of a frame in ticks of a time base, mostly its own."""
    theirs = frame.time_base
    return frame.pts if theirs == time_base else round(frame.pts * theirs / time_base)


def _at(frame: Picture, pts: int, time_base: Fraction, sequence: int) -> Picture:
    if (pts, time_base, sequence) == (frame.pts, frame.time_base, frame.sequence):
        return frame
    return frame.retimed(pts, time_base, sequence)
