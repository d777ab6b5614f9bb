"""The eight orientations of a stored picture, and their correction."""

from __future__ import annotations

from typing import NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

N = TypeVar("N", bound=np.generic)


class Orientation(NamedTuple):
    """The correction of a stored picture to upright: first transpose, then mirror."""

    transposed: bool = False
    mirrored_x: bool = False
    mirrored_y: bool = False

    @classmethod
    def from_exif(cls, value: int) -> Orientation:
        """Return the orientation of an EXIF value; values other than 1 to 8 count as upright."""
        return _EXIF.get(value, UPRIGHT)

    @classmethod
    def from_display_matrix(cls, matrix: bytes) -> Orientation:
        """Return the orientation nearest to a video's display matrix: nine 32-bit integers in FFmpeg's layout."""
        if len(matrix) < 36:
            return UPRIGHT
        a, b, _, c, d = (int(number) for number in np.frombuffer(matrix, "=i4", 5))
        if abs(b) + abs(c) > abs(a) + abs(d):
            return cls(True, c < 0, b < 0)
        return cls(False, a < 0, d < 0)

    def applied(self, array: NDArray[N]) -> NDArray[N]:
        """Return a plane or picture upright and contiguous; the same array if it is upright already."""
        if self == UPRIGHT:
            return array
        if self.transposed:
            array = array.swapaxes(0, 1)
        if self.mirrored_x:
            array = array[:, ::-1]
        if self.mirrored_y:
            array = array[::-1]
        return np.ascontiguousarray(array)

    def undone(self, array: NDArray[N]) -> NDArray[N]:
        """Return the inverse of :meth:`applied`, contiguous."""
        if self == UPRIGHT:
            return array
        if self.mirrored_y:
            array = array[::-1]
        if self.mirrored_x:
            array = array[:, ::-1]
        if self.transposed:
            array = array.swapaxes(0, 1)
        return np.ascontiguousarray(array)


UPRIGHT = Orientation()

_EXIF = {
    1: UPRIGHT,
    2: Orientation(False, True, False),
    3: Orientation(False, True, True),
    4: Orientation(False, False, True),
    5: Orientation(True, False, False),
    6: Orientation(True, True, False),
    7: Orientation(True, True, True),
    8: Orientation(True, False, True),
}
