"""Which pictures of a video are left out undecoded, while there is no time for all of them."""

from __future__ import annotations

import math

LONGEST_GROUP_S = 2.5
"""Groups of pictures that last longer are decoded to their end: the picture would stand still for too long."""


class GroupSkipper:
    """Leaves out the end of each group of pictures, from one key frame to the next.

    A picture builds on those before it, back to the last key frame, so only the end of a group can be left out.
    Where every picture is a key frame (MJPEG), they are left out evenly.

    Attributes:
        skipped: Number of pictures left out so far.
    """

    def __init__(self) -> None:
        self.skipped = 0
        self._share = 1.0
        self._length = 0
        self._began_s: float | None = None
        self._last_length = 0  # of the last whole group; 0 while unknown or too long
        self._skipping = False
        self._credit = 0.0

    @property
    def share(self) -> float:
        """The share of the pictures that is wanted, above 0, at most 1."""
        return self._share

    @share.setter
    def share(self, share: float) -> None:
        if not self.is_active:
            self._began_s = None  # the present group was not followed
        self._share = share

    @property
    def is_active(self) -> bool:
        """Whether a picture may be left out; if not, :meth:`skips` need not be asked."""
        return self._share < 1.0 or self._skipping

    @property
    def is_skipping(self) -> bool:
        """Whether the last picture was left out."""
        return self._skipping

    def restart(self) -> None:
        """Forget the present group: the video begins again, or elsewhere."""
        self._began_s = None
        self._skipping = False

    def skips(self, time_s: float | None, *, is_key: bool) -> bool:
        """Return whether to leave out the next picture.

        Args:
            time_s: Its time in the video; ``None`` if unknown.
            is_key: Whether it needs no other picture.
        """
        if is_key:
            self._begin(time_s)
        self._length += 1
        if not self._skipping:
            self._skipping = self._is_enough()
        self.skipped += self._skipping
        return self._skipping

    def _begin(self, time_s: float | None) -> None:
        self._skipping = False
        if time_s is None:
            self._last_length = 0
        elif self._began_s is not None:
            self._last_length = self._length if 0.0 <= time_s - self._began_s <= LONGEST_GROUP_S else 0
        self._began_s, self._length = time_s, 0

    def _is_enough(self) -> bool:
        if self._share >= 1.0 or not self._last_length:
            return False
        if self._last_length > 1:
            return self._length > max(math.ceil(self._share * self._last_length), 1)
        self._credit += self._share
        if self._credit < 1.0:
            return True
        self._credit -= 1.0
        return False
