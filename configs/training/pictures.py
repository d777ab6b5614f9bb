"""Training pictures with their ground truth: the test pattern, and shapes in realistic surroundings.

A picture depends on nothing but its number, so that any number of processes make the same pictures in any order.
No photograph is used: clutter, light, perspective, blur and noise are all drawn.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from cameras.pattern.scene import CHANGE_S, TURN_S, Scene
from cameras.pattern.shapes import COLORS, SHAPES, Canvas, Points

from .clutter import blob, clutter, muted_color, skin_color
from .lens import through_a_lens

LABELS = tuple(SHAPES)
MOST_BOXES = 14
PICTURES_PER_CHUNK = 64

_FIRST_SEED = 1_000_000  # lower seeds are for measurements and tests
_SCENES_PER_CHUNK = 2
_SCENE_SHARE = 0.45
_EMPTY_SHARE = 0.16
_SCENE_SIZES = ((320, 180), (426, 240), (640, 360), (640, 360), (640, 480), (854, 480), (480, 480), (270, 480))

Boxes = NDArray[np.float32]
Floats = NDArray[np.float32]


@dataclass(frozen=True, eq=False)
class Example:
    """One picture and its ground truth.

    Attributes:
        image: BGR, of any size.
        boxes: (n, 5): number of the label, then x_min, y_min, x_max, y_max in fractions.
    """

    image: Canvas
    boxes: Boxes


def chunk(number: int) -> Iterator[Example]:
    """Yield the pictures of one chunk, which share the cost of rendering a scene."""
    random = np.random.default_rng((20260, number))
    scenes = []
    for scene in range(_SCENES_PER_CHUNK):
        size = _SCENE_SIZES[random.integers(len(_SCENE_SIZES))]
        scenes.append(Scene(_FIRST_SEED + number * _SCENES_PER_CHUNK + scene, *size))
    for index in range(PICTURES_PER_CHUNK):
        kind = random.uniform()
        if kind < _SCENE_SHARE:
            yield _of_scene(scenes[index % len(scenes)], random)
        else:
            yield _of_life(0 if kind < _SCENE_SHARE + _EMPTY_SHARE else int(random.choice((1, 1, 1, 2, 3))), random)


def shrunk(image: Canvas, side_px: int, random: np.random.Generator) -> Canvas:
    """Return a picture as (side, side, 3) RGB, stretched and mostly not smoothed, like the input of a model."""
    way = cv2.INTER_LINEAR if random.uniform() < 0.7 else cv2.INTER_AREA
    small = cv2.resize(image, (side_px, side_px), interpolation=way)
    return np.asarray(cv2.cvtColor(small, cv2.COLOR_BGR2RGB), np.uint8)


def _of_scene(scene: Scene, random: np.random.Generator) -> Example:
    time_s = random.uniform(0, 3600)
    if random.uniform() < 0.25:  # the moments when the front object changes are rare and hard
        time_s = (time_s // TURN_S + 1) * TURN_S - CHANGE_S * random.uniform(0, 1)
    picture = scene.render(int(time_s * scene.frame_rate))
    image = picture.image
    boxes = np.array(
        [(LABELS.index(t.label), t.box.x_min, t.box.y_min, t.box.x_max, t.box.y_max) for t in picture.things],
        np.float32,
    )
    if random.uniform() < 0.3:
        image, boxes = _window(image, boxes, random)
    if random.uniform() < 0.35:
        image = through_a_lens(image, random, strength=0.5)
    return Example(image, boxes)


def _window(image: Canvas, boxes: Boxes, random: np.random.Generator) -> tuple[Canvas, Boxes]:
    """Return a part of a picture, as from a crop transform."""
    height_px, width_px = image.shape[:2]
    low, high = random.uniform(0.0, 0.3, 2), random.uniform(0.7, 1.0, 2)
    left, top = int(low[0] * width_px), int(low[1] * height_px)
    right, bottom = int(high[0] * width_px), int(high[1] * height_px)
    moved = boxes.copy()
    moved[:, 1::2] = (boxes[:, 1::2] * width_px - left) / (right - left)
    moved[:, 2::2] = (boxes[:, 2::2] * height_px - top) / (bottom - top)
    return np.ascontiguousarray(image[top:bottom, left:right]), _visible(moved)


def _visible(boxes: Boxes) -> Boxes:
    """Return the boxes clipped to the picture, without those that are less than half inside."""
    cut = boxes.copy()
    cut[:, 1:] = np.clip(boxes[:, 1:], 0, 1)
    return cut[_areas(cut) > 0.5 * _areas(boxes)]


def _areas(boxes: Boxes) -> Floats:
    areas: NDArray[np.float32] = np.prod(boxes[:, 3:5] - boxes[:, 1:3], axis=1)
    return areas


def _of_life(count: int, random: np.random.Generator) -> Example:
    """Return shapes that are held, drawn, printed or placed in front of clutter."""
    height_px = int(random.integers(200, 330))
    width_px = int(height_px * random.choice((1.0, 4 / 3, 16 / 9, 9 / 16)))
    image = clutter(width_px, height_px, random).astype(np.float32)
    boxes: list[tuple[float, ...]] = []
    for place in range(count):
        size_px = min(width_px, height_px) * (random.uniform(0.2, 0.85) if place == 0 else random.uniform(0.12, 0.3))
        _add_thing(image, boxes, size_px, random)
    if random.uniform() < 0.25:  # a hand or another occluder
        blob(image, random, skin_color(random), size=random.uniform(0.05, 0.16))
    smooth = np.clip(image, 0, 255).astype(np.uint8)
    table = np.array(boxes, np.float32).reshape(-1, 5)
    return Example(through_a_lens(smooth, random, strength=1.0), _visible(table))


def _add_thing(image: Floats, boxes: list[tuple[float, ...]], size_px: float, random: np.random.Generator) -> None:
    height_px, width_px = image.shape[:2]
    index = int(random.integers(len(LABELS)))
    shape = SHAPES[LABELS[index]]
    for _ in range(12):
        plane = _plane(size_px, (0.25 if shape.upright else np.pi) if random.uniform() < 0.9 else np.pi, random)
        middle = random.uniform(0.1, 0.9, 2) * (width_px, height_px)
        outline = _projected(shape.outline, plane, middle)
        low, high = outline.min(axis=0), outline.max(axis=0)
        box = (*(low / (width_px, height_px)), *(high / (width_px, height_px)))
        inside = np.prod(np.clip(box[2:], 0, 1) - np.clip(box[:2], 0, 1)) / np.prod(np.subtract(box[2:], box[:2]))
        if inside > 0.8 and not any(_touch(box, other[1:]) for other in boxes):
            break
    else:
        return
    contours = [_projected(points, plane, middle) for points in shape.contours]
    hollow = None if shape.hollow is None else _projected(shape.hollow, plane, middle)
    if random.uniform() < 0.4:
        _add_paper(image, plane, middle, random)
    _draw(image, contours, shape.cut, hollow, size_px, random)
    boxes.append((float(index), *(float(edge) for edge in box)))


def _touch(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]


def _plane(size_px: float, most_turn: float, random: np.random.Generator) -> NDArray[np.float64]:
    """Return the homography of a sheet in the room, turned and tilted, before it is moved to its position."""
    turn = random.uniform(-most_turn, most_turn)
    tilt_x, tilt_y = random.normal(0, 0.3, 2).clip(-0.8, 0.8)
    about_z = np.array([[np.cos(turn), -np.sin(turn), 0], [np.sin(turn), np.cos(turn), 0], [0, 0, 1]])
    about_x = np.array([[1, 0, 0], [0, np.cos(tilt_x), -np.sin(tilt_x)], [0, np.sin(tilt_x), np.cos(tilt_x)]])
    about_y = np.array([[np.cos(tilt_y), 0, np.sin(tilt_y)], [0, 1, 0], [-np.sin(tilt_y), 0, np.cos(tilt_y)]])
    mirrored = np.diag([random.choice((-1.0, 1.0)) * random.uniform(0.9, 1.1), random.uniform(0.9, 1.1), 1.0])
    body = about_y @ about_x @ about_z @ mirrored
    distance = random.uniform(2.0, 5.0)
    return np.array([body[0, :2] * size_px, body[1, :2] * size_px, body[2, :2] / distance])


def _projected(points: Points, plane: NDArray[np.float64], middle: NDArray[np.float64]) -> Points:
    moved = points @ plane.T
    placed: Points = moved[:, :2] / (1 + moved[:, 2:]) + middle
    return placed


def _add_paper(
    image: Floats, plane: NDArray[np.float64], middle: NDArray[np.float64], random: np.random.Generator
) -> None:
    """Paint a sheet below the shape: white or coloured, longer than wide, so that it is not a square itself."""
    wide, high = random.uniform(0.62, 0.9), random.uniform(1.0, 1.5)
    corners = np.array([(-wide, -high), (wide, -high), (wide, high), (-wide, high)])
    if random.uniform() < 0.5:
        corners = corners[:, ::-1]
    mask = _coverage(image, [_projected(corners, plane, middle)], (False,))
    color = np.array([random.uniform(190, 255)] * 3) if random.uniform() < 0.75 else muted_color(random)
    image += mask * (color + random.normal(0, 4, 3) - image)


def _coverage(image: Floats, contours: list[Points], cut: tuple[bool, ...]) -> Floats:
    mask = np.zeros(image.shape[:2], np.uint8)
    for points, away in zip(contours, cut, strict=True):
        cv2.fillPoly(mask, [(points * 16).round().astype(np.int32)], 0 if away else 255, cv2.LINE_AA, 4)
    return mask[:, :, None].astype(np.float32) / np.float32(255)


def _draw(
    image: Floats,
    contours: list[Points],
    cut: tuple[bool, ...],
    hollow: Points | None,
    size_px: float,
    random: np.random.Generator,
) -> None:
    """Draw a shape: filled, filled with an edge, or with a pen."""
    mask = _coverage(image, contours, cut)
    here = float((image * mask).sum() / max(1.0, 3 * float(mask.sum())))
    color = _color_apart_from(here, random)
    pen = random.uniform() < 0.25
    if not pen:
        if random.uniform() < 0.4:
            _drop_shadow(image, mask, size_px, random)
        image += mask * (color * _uneven(image.shape[:2], random) - image)
        if hollow is not None and random.uniform() < 0.8:
            image += _coverage(image, [hollow], (False,)) * (color * random.uniform(0.3, 0.75) - image)
    if pen or random.uniform() < 0.25:
        line = color if pen else color * random.uniform(0.2, 0.6)
        width_px = max(1, round(size_px * random.uniform(0.015, 0.07)))
        strokes = np.zeros(image.shape[:2], np.uint8)
        edges, _ = cv2.findContours((mask[:, :, 0] > 0.5).astype(np.uint8), cv2.RETR_LIST, cv2.CHAIN_APPROX_NONE)
        cv2.polylines(strokes, edges, True, 255, width_px, cv2.LINE_AA)
        if hollow is not None:
            cv2.polylines(strokes, [hollow.round().astype(np.int32)], True, 255, width_px, cv2.LINE_AA)
        image += np.asarray(strokes[:, :, None], np.float32) / 255 * (line - image)


def _drop_shadow(image: Floats, mask: Floats, size_px: float, random: np.random.Generator) -> None:
    shift = random.uniform(-0.06, 0.06, 2) * size_px
    moved = cv2.warpAffine(mask, np.array([[1, 0, shift[0]], [0, 1, shift[1]]]), (image.shape[1], image.shape[0]))
    soft = cv2.GaussianBlur(moved, (0, 0), max(0.8, size_px * 0.04))
    image *= 1 - random.uniform(0.2, 0.6) * soft[:, :, None]


def _color_apart_from(level: float, random: np.random.Generator) -> NDArray[np.float64]:
    """Return a colour that contrasts with the background: a declared one, any other, or nearly black or white."""
    for _ in range(20):
        kind = random.uniform()
        if kind < 0.4:
            color = np.array(list(COLORS.values())[random.integers(len(COLORS))]) * random.uniform(0.55, 1.1)
        elif kind < 0.75:
            color = random.uniform(0, 255, 3)
        else:
            color = random.choice((random.uniform(0, 60), random.uniform(200, 255))) + random.normal(0, 6, 3)
        if abs(color.mean() - level) > 35 or np.ptp(color) > 110:
            break
    return np.asarray(color, np.float64)


def _uneven(size: tuple[int, int], random: np.random.Generator) -> Floats:
    """Return how light falls on a body: a slope, sometimes with a texture of its own."""
    height_px, width_px = size
    slope = random.uniform(-0.35, 0.35, 2)
    x, y = np.linspace(-1, 1, width_px, dtype=np.float32), np.linspace(-1, 1, height_px, dtype=np.float32)
    light = 1 + slope[0] * x[None, :] + slope[1] * y[:, None]
    if random.uniform() < 0.35:
        grid = random.normal(0, 0.12, (random.integers(4, 24), random.integers(4, 24))).astype(np.float32)
        light = light + cv2.resize(grid, (width_px, height_px), interpolation=cv2.INTER_CUBIC)
    return np.asarray(light[:, :, None], np.float32)
