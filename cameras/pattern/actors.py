"""The objects of the test pattern's scene: their shapes, positions in a picture, and painting."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import cast

import cv2
import numpy as np

from ..annotations import BoundingBox
from .shapes import SHAPES, Canvas, Points
from .sprites import SHADOW_REACH, Sprite

_FRONT_MM = 900.0
_RING_MM = 2200.0


@dataclass(frozen=True, slots=True)
class Thing:
    """A shape in a picture of the scene.

    Attributes:
        label: Name of its shape.
        color: Name of its colour.
        box: The tight box around it.
        distance_mm: Distance from the camera.
    """

    label: str
    color: str
    box: BoundingBox
    distance_mm: int

    @property
    def area(self) -> float:
        """The share of the picture that its box covers."""
        return self.box.area


@dataclass(frozen=True, eq=False)
class Actor:
    """The constant properties of an object in the scene."""

    label: str
    color: str
    sprites: tuple[Sprite, ...]
    shadow: Sprite
    sway: float  # in radians to either side
    phase: float


@dataclass(frozen=True, slots=True)
class Pose:
    """Position, size and rotation (in radians) of an object at one moment."""

    x_px: float
    y_px: float
    size_px: float
    angle: float
    nearness: float  # 0 on the ring, 1 in front


class Placed:
    """An object at its position in a picture.

    Attributes:
        label: Name of its shape.
        distance_mm: Distance from the camera.
        matrix: Rotation and scale from its shape to the picture, (2, 2).
        center: Position of its centre in the picture, in pixels.
        low: Upper left corner of its tight box, in pixels.
        high: Lower right corner of its tight box, in pixels.
    """

    def __init__(self, actor: Actor, pose: Pose) -> None:
        self.actor, self.pose = actor, pose
        self.distance_mm = round(_RING_MM + (_FRONT_MM - _RING_MM) * pose.nearness)
        cosine, sine = math.cos(pose.angle) * pose.size_px, math.sin(pose.angle) * pose.size_px
        self.matrix = np.array(((cosine, -sine), (sine, cosine)))
        self.center = np.array((pose.x_px, pose.y_px))
        outline = self.moved(SHAPES[actor.label].outline)
        self.low, self.high = outline.min(axis=0), outline.max(axis=0)
        self._corners = self.low.tolist(), self.high.tolist()

    def moved(self, points: Points) -> Points:
        """Return points of its shape in picture coordinates."""
        moved: Points = points @ self.matrix.T + self.center
        return moved

    def thing(self, width_px: int, height_px: int) -> Thing:
        """Return its ground truth."""
        (x_min, y_min), (x_max, y_max) = self._corners
        box = BoundingBox(x_min / width_px, y_min / height_px, x_max / width_px, y_max / height_px)
        return Thing(self.actor.label, self.actor.color, box.clipped() or box, self.distance_mm)

    def paint(self, image: Canvas) -> None:
        """Paint its shadow, then the object, over a picture."""
        size_px = self.pose.size_px
        height_px = size_px * (1 + self.pose.nearness)
        shadow, shaded = self._warped(
            self.actor.shadow, image, 0.025 * height_px, 0.05 * height_px, SHADOW_REACH * size_px
        )
        _darken(shaded, shadow)
        sprites = (sprite for sprite in reversed(self.actor.sprites) if sprite.size_px >= size_px)
        body, covered = self._warped(next(sprites, self.actor.sprites[0]), image, 0.0, 0.0, 1.0)
        _darken(covered, cv2.extractChannel(body, 3))
        cv2.add(covered, cv2.cvtColor(body, cv2.COLOR_BGRA2BGR), dst=covered)

    def _warped(
        self, sprite: Sprite, image: Canvas, right_px: float, down_px: float, around_px: float
    ) -> tuple[Canvas, Canvas]:
        """Return a sprite in picture coordinates, moved right and down, and the part of the picture below it."""
        # Plain numbers: arrays of two would take longer than the picture of a small object.
        (x_min, y_min), (x_max, y_max) = self._corners
        left, top = max(math.floor(x_min + right_px - around_px), 0), max(math.floor(y_min + down_px - around_px), 0)
        right, bottom = math.ceil(x_max + right_px + around_px), math.ceil(y_max + down_px + around_px)
        covered = image[top : max(bottom, top + 1), left : max(right, left + 1)]
        matrix = np.empty((2, 3))
        scaled = np.divide(self.matrix, sprite.size_px, out=matrix[:, :2])
        x, y = (scaled @ sprite.middle).tolist()
        matrix[0, 2] = self.pose.x_px + right_px - (left + 0.5) - x
        matrix[1, 2] = self.pose.y_px + down_px - (top + 0.5) - y
        warped = cv2.warpAffine(sprite.image, matrix, (covered.shape[1], covered.shape[0]))
        return cast(Canvas, warped), covered


def _darken(image: Canvas, coverage: Canvas | cv2.typing.MatLike) -> None:
    """Darken a picture in place: coverage 0 keeps a pixel, 255 makes it black."""
    cv2.multiply(image, cv2.cvtColor(cv2.bitwise_not(coverage), cv2.COLOR_GRAY2BGR), dst=image, scale=1 / 255)
