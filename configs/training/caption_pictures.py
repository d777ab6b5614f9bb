"""Pictures of the test pattern with their objects, to train the captioner.

As in :mod:`.pictures`, a picture depends on nothing but its number. The colours are those of the pattern: light is
varied less than for the other two models, because a sentence about colour must stay true.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np
from numpy.typing import NDArray

from cameras import BoundingBox
from cameras.pattern.scene import CHANGE_S, TURN_S, Scene, Thing
from cameras.pattern.shapes import COLORS, SHAPES, Canvas

from .clutter import clutter
from .lens import through_a_lens

PICTURES_PER_CHUNK = 60

_FIRST_SEED = 2_000_000
_SCENES_PER_CHUNK = 6
_EMPTY_SHARE = 0.08
_COLORS, _SHAPES = tuple(COLORS), tuple(SHAPES)
_NOTHING: tuple[Thing, ...] = ()
_SIZES = ((320, 180), (426, 240), (640, 360), (640, 360), (640, 480), (320, 240), (480, 480), (270, 480))


def chunk(number: int) -> Iterator[tuple[Canvas, tuple[Thing, ...]]]:
    """Yield the pictures of one chunk (BGR), each with its objects."""
    random = np.random.default_rng((20262, number))
    scenes = []
    for scene in range(_SCENES_PER_CHUNK):
        size = _SIZES[random.integers(len(_SIZES))]
        scenes.append(Scene(_FIRST_SEED + number * _SCENES_PER_CHUNK + scene, *size))
    for index in range(PICTURES_PER_CHUNK):
        if random.uniform() < _EMPTY_SHARE:
            image, things = clutter(320, 240, random), _NOTHING
        else:
            image, things = _of_scene(scenes[index % len(scenes)], random)
        if random.uniform() < 0.35:
            image = through_a_lens(image, random, strength=0.35)
        yield image, things


def whereabouts(things: Sequence[Thing], cells: int) -> NDArray[np.uint8]:
    """Return the object in each cell of a grid, (cells, cells): 0 for nothing, else 1 + 8 * its colour + its shape.

    A thing lies where the middle of a cell is well inside its box.
    """
    grid = np.zeros((cells, cells), np.uint8)
    middles = (np.arange(cells) + 0.5) / cells
    for thing in sorted(things, key=lambda thing: thing.area):
        box = thing.box
        x, y = (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2
        across = np.abs(middles - x) <= max((box.x_max - box.x_min) / 4, 0.5 / cells)
        down = np.abs(middles - y) <= max((box.y_max - box.y_min) / 4, 0.5 / cells)
        grid[np.ix_(down, across)] = 1 + len(SHAPES) * _COLORS.index(thing.color) + _SHAPES.index(thing.label)
    return grid


def _of_scene(scene: Scene, random: np.random.Generator) -> tuple[Canvas, tuple[Thing, ...]]:
    time_s = random.uniform(0, 3600)
    if random.uniform() < 0.1:  # the moments when the front object changes
        time_s = (time_s // TURN_S + 1) * TURN_S - CHANGE_S * random.uniform(0, 1)
    picture = scene.render(int(time_s * scene.frame_rate))
    if random.uniform() < 0.2:
        return _window(picture.image, picture.things, random)
    return picture.image, picture.things


def _window(image: Canvas, things: tuple[Thing, ...], random: np.random.Generator) -> tuple[Canvas, tuple[Thing, ...]]:
    """Return a part of a picture, as from a crop transform, and the objects that are mostly inside."""
    height_px, width_px = image.shape[:2]
    low, high = random.uniform(0.0, 0.3, 2), random.uniform(0.7, 1.0, 2)
    left, top = int(low[0] * width_px), int(low[1] * height_px)
    right, bottom = int(high[0] * width_px), int(high[1] * height_px)
    scale: NDArray[np.float64] = np.array((width_px, height_px)) / (right - left, bottom - top)
    x, y = left / width_px, top / height_px
    inside = []
    for thing in things:
        box = BoundingBox(
            (thing.box.x_min - x) * scale[0],
            (thing.box.y_min - y) * scale[1],
            (thing.box.x_max - x) * scale[0],
            (thing.box.y_max - y) * scale[1],
        )
        cut = box.clipped()
        if cut is not None:
            seen = Thing(thing.label, thing.color, cut, thing.distance_mm)
            if seen.area > 0.6 * (box.x_max - box.x_min) * (box.y_max - box.y_min):
                inside.append(seen)
    return np.ascontiguousarray(image[top:bottom, left:right]), tuple(inside)
