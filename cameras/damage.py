"""Which pictures are shown after damage or loss in a video."""

from __future__ import annotations

from typing import Protocol

HELD_MAX = 300
"""Most pictures in a row that are held back: a video that refreshes its picture in parts has no key frames."""


class Decoded(Protocol):
    """The part of ``av.VideoFrame`` that is used here."""

    @property
    def key_frame(self) -> bool:
        """Whether it needs no other picture."""

    @property
    def is_corrupt(self) -> bool:
        """Whether its data was incomplete or wrong."""


class Damage:
    """Finds the pictures between damage and the next key frame: each repeats the damage of the one before.

    Args:
        drop: Hold these pictures back.

    Attributes:
        pictures: Number of damaged pictures so far, held back or not.
    """

    def __init__(self, *, drop: bool) -> None:
        self.pictures = 0
        self._drop = drop
        self._damaged = 0  # pictures since the damage; 0 when there is none

    def lost(self) -> None:
        """Take note that pictures are missing before the next one."""
        self._damaged = max(self._damaged, 1)

    def undecodable(self) -> None:
        """Take note of a picture that could not be decoded."""
        self.pictures += 1
        self._damaged = max(self._damaged, 1)

    def shows(self, frame: Decoded) -> bool:
        """Return whether to show the next decoded picture."""
        if frame.is_corrupt:
            self._damaged = max(self._damaged, 1)
        elif frame.key_frame or self._damaged > HELD_MAX:
            self._damaged = 0
        if not self._damaged:
            return True
        self._damaged += 1
        self.pictures += 1
        return not self._drop
