"""The scene of the test pattern: one object in front, seven circling around it, taking turns.

Equal seed, size, frame rate and number give equal pixels, whatever was rendered before.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from ..picture import Depth
from .actors import Actor, Placed, Pose, Thing
from .ribbon import draw_frame_number, read_frame_number, ribbon_height_px
from .shapes import COLORS, SHAPES, Canvas
from .sprites import Sprite, backdrop, shadow_of

__all__ = ["Picture", "Scene", "Thing", "read_frame_number"]

TURN_S = 5.0  # time that one object stays in front
CHANGE_S = 0.9  # part of TURN_S: the change to the next object

_FRONT_SIZE = 0.45  # of the shorter side of the picture
_RING_SIZE = 0.185
_RING = (0.395, 0.355)  # of width and height
_SWAY_UPRIGHT = 0.22  # radians; a mug must not spill
_SWAY = 0.5  # radians; the light must seem to come from above
_SERIES = 1757  # chosen so that scene 0 begins with a golden star on blue
_WALL_MM = 4000
_LARGEST_SPRITE_PX = 640
_SPRITE_SIZES = (1.0, 0.68, 0.46)  # of the largest; a sprite is never shrunk by more than a third


@dataclass(frozen=True, eq=False)
class Picture:
    """One picture of the scene with its ground truth.

    Attributes:
        image: (height, width, 3) uint8 BGR, owned by the caller.
        things: All objects, from the farthest to the nearest.
    """

    image: Canvas
    things: tuple[Thing, ...]
    _placed: tuple[Placed, ...]

    @property
    def label(self) -> str:
        """The label of the whole picture: that of the object with the largest box."""
        return max(self.things, key=lambda thing: thing.area).label

    def depth(self) -> Depth:
        """Return the depth of each pixel in millimetres, (height, width)."""
        return self._filled(_WALL_MM, [placed.distance_mm for placed in self._placed])

    def numbers(self) -> Canvas:
        """Return the class of each pixel, (height, width): 0 for the wall, else 1 + its index in SHAPES."""
        labels = list(SHAPES)
        numbers = self._filled(0, [1 + labels.index(placed.actor.label) for placed in self._placed])
        return numbers.astype(np.uint8)

    def _filled(self, wall: int, values: list[int]) -> Depth:
        plane = np.full(self.image.shape[:2], wall, np.uint16)
        for placed, value in zip(self._placed, values, strict=True):
            shape = SHAPES[placed.actor.label]
            for points, cut in zip(shape.contours, shape.cut, strict=True):
                # 16 steps per pixel; the centre of a pixel is half a pixel from its corner
                fixed = ((placed.moved(points) - 0.5) * 16).round().astype(np.int32)
                cv2.fillPoly(plane, [fixed], wall if cut else value, shift=4)
        plane.setflags(write=False)
        return plane


class Scene:
    """A moving scene. Rendering is stateless and thread-safe.

    Attributes:
        width_px: Width of its pictures.
        height_px: Height of its pictures.
        frame_rate: Pictures per second of the motion.
    """

    def __init__(self, seed: int, width_px: int, height_px: int, frame_rate: float = 30.0) -> None:
        """Render the backdrop and the sprites."""
        self.width_px, self.height_px, self.frame_rate = width_px, height_px, frame_rate
        self._floor_px = height_px - ribbon_height_px(height_px)
        self._side_px = min(width_px, self._floor_px)
        random = np.random.default_rng((_SERIES, seed))
        self._backdrop = backdrop(width_px, height_px, np.random.default_rng((_SERIES, seed, 1)))
        others = [label for label in SHAPES if label != "star"]
        labels = ["star", *(others[index] for index in random.permutation(len(others)))]
        colors = [list(COLORS)[index] for index in random.permutation(len(COLORS))]
        self._actors = tuple(self._actor(label, color, random) for label, color in zip(labels, colors, strict=True))
        self._ring_phase = random.uniform(0, 2 * math.pi)
        self._ring_speed = random.choice((-1, 1)) * 2 * math.pi / 75
        self._casts = _casts(len(labels))

    def render(self, number: int) -> Picture:
        """Render the picture with a number, from 0, independently of any other picture."""
        image = self._backdrop.copy()
        poses = zip(self._actors, self._poses(number / self.frame_rate), strict=True)
        placed = tuple(Placed(actor, pose) for actor, pose in sorted(poses, key=lambda pair: pair[1].nearness))
        for one in placed:
            one.paint(image)
        draw_frame_number(image, number)
        return Picture(image, tuple(one.thing(self.width_px, self.height_px) for one in placed), placed)

    def _actor(self, label: str, color: str, random: np.random.Generator) -> Actor:
        shape = SHAPES[label]
        largest_px = min(_LARGEST_SPRITE_PX, max(8.0, self._side_px * _FRONT_SIZE * 1.06))
        return Actor(
            label=label,
            color=color,
            sprites=tuple(Sprite.of(shape, COLORS[color], round(largest_px * size)) for size in _SPRITE_SIZES),
            shadow=shadow_of(shape),
            sway=_SWAY_UPRIGHT if shape.upright else _SWAY,
            phase=random.uniform(0, 2 * math.pi),
        )

    def _poses(self, time_s: float) -> list[Pose]:
        turn = math.floor(time_s / TURN_S)
        change = max(0.0, (time_s - turn * TURN_S - (TURN_S - CHANGE_S)) / CHANGE_S)
        change = change * change * (3 - 2 * change)
        front, ring = self._casts[turn % len(self._casts)]
        slot = turn % len(ring)
        poses = {index: self._pose(index, place, time_s) for place, index in enumerate(ring)}
        # One comes along one side, the other goes along the other, so that they do not collide.
        poses[front] = self._pose(front, slot, time_s, nearness=1 - change, side=-1)
        poses[ring[slot]] = self._pose(ring[slot], slot, time_s, nearness=change, side=1)
        return [poses[index] for index in range(len(self._actors))]

    def _pose(self, index: int, slot: int, time_s: float, nearness: float = 0.0, side: int = 0) -> Pose:
        """Return the position of an object between its slot on the ring (nearness 0) and the middle (1)."""
        actor = self._actors[index]
        around = self._ring_phase + self._ring_speed * time_s + 2 * math.pi * slot / (len(self._actors) - 1)
        ring_x = _RING[0] * self.width_px * math.cos(around)
        ring_y = _RING[1] * self._floor_px * math.sin(around)
        ring_y += 0.012 * self._side_px * math.sin(0.9 * time_s + actor.phase)
        front_x = 0.035 * self._side_px * math.sin(0.8 * time_s + actor.phase)
        front_y = 0.025 * self._side_px * math.sin(1.1 * time_s + 2 * actor.phase)
        aside = side * 0.14 * self._side_px * math.sin(math.pi * nearness) / (math.hypot(ring_x, ring_y) or 1.0)
        size = (_RING_SIZE + (_FRONT_SIZE - _RING_SIZE) * nearness) * self._side_px
        return Pose(
            x_px=self.width_px / 2 + ring_x * (1 - nearness) + front_x * nearness - ring_y * aside,
            y_px=self._floor_px / 2 + ring_y * (1 - nearness) + front_y * nearness + ring_x * aside,
            size_px=size * (1 + 0.05 * math.sin(1.3 * time_s + actor.phase)),
            angle=actor.sway * math.sin(0.6 * time_s + 3 * actor.phase),
            nearness=nearness,
        )


def _casts(count: int) -> tuple[tuple[int, tuple[int, ...]], ...]:
    """Return the object in front and those in the slots of the ring for each turn, until the sequence repeats."""
    front, ring = 0, list(range(1, count))
    casts = []
    for turn in range(count * (count - 1)):
        casts.append((front, tuple(ring)))
        slot = turn % len(ring)
        front, ring[slot] = ring[slot], front
    return tuple(casts)
