"""Rotate the frame clockwise."""

from __future__ import annotations

import dataclasses
import math
from typing import Any, ClassVar, cast

import cv2
import numpy as np
from pydantic import Field

from cameras import Affine, Attributes, BoundingBox, Frame, Intrinsics, Mask, Movement, Pixels, Points, warped

from .base import Transform, read_only

_QUARTERS = {1: cv2.ROTATE_90_CLOCKWISE, 2: cv2.ROTATE_180, 3: cv2.ROTATE_90_COUNTERCLOCKWISE}


class RotateAttributes(Attributes):
    """Attributes of ``type: rotate`` in the YAML."""

    angle_degs: float = Field(
        default=180.0,
        allow_inf_nan=False,
        description="Degrees, clockwise; negative is counterclockwise, values above 360 wrap around.",
    )


class Rotate(Transform[RotateAttributes]):
    """Rotate each frame by an angle.

    Frames: the same time. Multiples of 90 degrees move pixels exactly; other angles enlarge the canvas, to even sizes,
    so that the whole picture fits, and leave its corners black. A YUV picture stays YUV. A box becomes the bounding box
    of the rotated box. Depth takes the nearest value. Intrinsics and distortion rotate too; at angles other than
    multiples of 90, the focal lengths of pixels that are not square become a mean of the two.
    """

    type_name: ClassVar[str] = "rotate"
    attributes_type = RotateAttributes
    exchangeable = ("angle_degs",)

    def apply(self, frame: Frame) -> Frame:
        """Return the rotated frame; the same frame when the angle is a full turn."""
        if self._quarter == 0:
            return frame
        turn = _Rotation(self._angle_degs, frame.width, frame.height)
        rotated = frame.moved(
            self._pixels(frame.pixels, turn),
            Movement(turn.box, lambda mask: self._mask(mask, turn), turn.points),
            depth=None if frame.depth is None else self._array(frame.depth, turn, smooth=False),
            intrinsics=None if frame.intrinsics is None else turn.intrinsics(frame.intrinsics),
        )
        return dataclasses.replace(rotated, distortion=turn.distortion(frame.distortion))

    @property
    def _angle_degs(self) -> float:
        return self.attributes.angle_degs % 360.0

    @property
    def _quarter(self) -> int | None:
        """The number of quarter turns; ``None`` at other angles."""
        return int(self._angle_degs // 90) % 4 if self._angle_degs % 90 == 0 else None

    def _pixels(self, pixels: Pixels, turn: _Rotation) -> Pixels:
        if pixels.born_yuv:
            y, u, v = pixels.yuv
            return Pixels.from_yuv(
                self._array(y, turn, black=16),
                self._array(u, turn, black=128, halved=True),
                self._array(v, turn, black=128, halved=True),
                pixels.matrix,
            )
        return Pixels.from_bgr(self._array(pixels.bgr, turn))

    def _mask(self, mask: Mask, turn: _Rotation) -> Mask:
        if self._quarter is not None:
            return cast(Mask, self._array(mask, turn))
        old_width, old_height = turn.old
        rows, columns = mask.shape
        width = max(round(columns * turn.width / old_width), 1)
        height = max(round(rows * turn.height / old_height), 1)
        return warped(mask, turn.inverse_fractions(), width, height)

    def _array(self, array: Any, turn: _Rotation, *, black: int = 0, halved: bool = False, smooth: bool = True) -> Any:
        if self._quarter is not None:
            return read_only(cv2.rotate(array, _QUARTERS[self._quarter]))
        matrix = turn.inverse(halved)
        size = (turn.width // 2, turn.height // 2) if halved else (turn.width, turn.height)
        method = (cv2.INTER_LINEAR if smooth else cv2.INTER_NEAREST) | cv2.WARP_INVERSE_MAP
        border = (black,) * 3
        return read_only(
            cv2.warpAffine(array, matrix, size, flags=method, borderMode=cv2.BORDER_CONSTANT, borderValue=border)
        )


class _Rotation:
    """The geometry of rotating a picture of one size about the centres of the old and the new canvas.

    Positions are measured from the picture's left and upper edge, so the centre of the first pixel is at 0.5, 0.5.

    Attributes:
        old: Width and height of the old picture.
        width: Width of the new canvas.
        height: Height of the new canvas.
    """

    def __init__(self, angle_degs: float, width: int, height: int) -> None:
        self.old = (width, height)
        if angle_degs % 90 == 0:  # sin and cos are off by 1e-16 here, but the sizes must be exact
            self._cos, self._sin = [(1.0, 0.0), (0.0, 1.0), (-1.0, 0.0), (0.0, -1.0)][int(angle_degs // 90) % 4]
        else:
            self._cos, self._sin = math.cos(math.radians(angle_degs)), math.sin(math.radians(angle_degs))
        across = abs(width * self._cos) + abs(height * self._sin)
        down = abs(width * self._sin) + abs(height * self._cos)
        if angle_degs % 90 == 0:
            self.width, self.height = int(across), int(down)
        else:
            self.width, self.height = 2 * math.ceil(across / 2 - 1e-6), 2 * math.ceil(down / 2 - 1e-6)

    def point(self, x: float, y: float) -> tuple[float, float]:
        """Return the position on the new canvas of a position in the old picture, in pixels."""
        x, y = x - self.old[0] / 2, y - self.old[1] / 2
        return (
            x * self._cos - y * self._sin + self.width / 2,
            x * self._sin + y * self._cos + self.height / 2,
        )

    def inverse(self, halved: bool) -> Any:
        """Return the 2x3 matrix from new to old pixel indices, for planes of full or of half size."""
        scale = 2 if halved else 1
        across, down = self.width / scale / 2 - 0.5, self.height / scale / 2 - 0.5
        old_across, old_down = self.old[0] / scale / 2 - 0.5, self.old[1] / scale / 2 - 0.5
        cos, sin = self._cos, self._sin
        return np.array(
            [
                [cos, sin, old_across - cos * across - sin * down],
                [-sin, cos, old_down + sin * across - cos * down],
            ]
        )

    def inverse_fractions(self) -> Affine:
        """Return the 2x3 matrix from new to old positions, each in fractions of its picture."""
        (width, height), cos, sin = self.old, self._cos, self._sin
        across = cos * self.width / width, sin * self.height / width
        down = -sin * self.width / height, cos * self.height / height
        return np.array(
            [
                [*across, 0.5 - (across[0] + across[1]) / 2],
                [*down, 0.5 - (down[0] + down[1]) / 2],
            ]
        )

    def box(self, box: BoundingBox) -> BoundingBox | None:
        """Return the bounding box of a rotated box."""
        width, height = self.old
        corners = [self.point(x * width, y * height) for x in (box.x_min, box.x_max) for y in (box.y_min, box.y_max)]
        across, down = [x / self.width for x, _ in corners], [y / self.height for _, y in corners]
        return BoundingBox(min(across), min(down), max(across), max(down)).clipped()

    def points(self, points: Points) -> Points:
        """Return rotated points; old and new in fractions of their pictures."""
        turn = np.array([[self._cos, self._sin], [-self._sin, self._cos]])
        rotated: Points = (points - 0.5) * self.old @ turn / [self.width, self.height] + 0.5
        return rotated

    def intrinsics(self, known: Intrinsics) -> Intrinsics:
        """Return the intrinsics of the rotated picture: a quarter turn swaps the focal lengths."""
        ppx, ppy = self.point(known.ppx, known.ppy)
        fx = math.hypot(known.fx * self._cos, known.fy * self._sin)
        fy = math.hypot(known.fx * self._sin, known.fy * self._cos)
        return Intrinsics(self.width, self.height, fx, fy, ppx, ppy)

    def distortion(self, known: tuple[float, ...]) -> tuple[float, ...]:
        """Return Brown-Conrady parameters of the rotated picture: the radial ones stay, the tangential ones rotate."""
        if len(known) != 5:
            return known
        rk1, rk2, rk3, tp1, tp2 = known
        # (tp2, tp1) is the direction of the tilt of the lens, so it rotates as a point does.
        return rk1, rk2, rk3, tp2 * self._sin + tp1 * self._cos, tp2 * self._cos - tp1 * self._sin
