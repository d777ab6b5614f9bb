"""The loss functions of the detector."""

from __future__ import annotations

from typing import Any

import tensorflow as tf

from .networks import GRID, boxes_of
from .pictures import LABELS

_BOX_WEIGHT = 2.0


def detector_loss(truth: Any, grid: Any) -> Any:
    """Return the loss of each picture: of centres (focal, as CenterNet's) and of boxes (generalised overlap).

    Args:
        truth: (batch, boxes, 5): number of the label (-1: no box), x_min, y_min, x_max, y_max.
        grid: (batch, GRID, GRID, labels + 4) the output of the network.
    """
    near, heat = _nearness(truth)
    count = tf.maximum(tf.reduce_sum(tf.cast(truth[..., 0] >= 0, tf.float32), axis=1), 1.0)
    return (_center_loss(heat, grid[..., : len(LABELS)]) + _BOX_WEIGHT * _box_loss(truth, near, grid)) / count


def _nearness(truth: Any) -> tuple[Any, Any]:
    """Return the closeness of each cell to the centre of each box, (batch, boxes, GRID, GRID), and of each label."""
    there = tf.cast(truth[..., 0] >= 0, tf.float32)[..., None, None]
    cells = tf.range(GRID, dtype=tf.float32)
    middle = (truth[..., 1:3] + truth[..., 3:5]) / 2 * GRID
    spread = tf.maximum((truth[..., 3:5] - truth[..., 1:3]) * GRID / 8, 0.45)
    away = (cells - tf.minimum(tf.floor(middle), GRID - 1)[..., None]) / spread[..., None]
    near = tf.exp(-0.5 * (away[..., 0, None, :] ** 2 + away[..., 1, :, None] ** 2)) * there
    labels = tf.one_hot(tf.cast(truth[..., 0], tf.int32), len(LABELS))
    return near, tf.reduce_max(near[..., None] * labels[:, :, None, None, :], axis=1)


def _center_loss(heat: Any, logits: Any) -> Any:
    scores = tf.clip_by_value(tf.sigmoid(logits), 1e-5, 1 - 1e-5)
    center = tf.cast(heat > 0.999, tf.float32)
    hit = center * (1 - scores) ** 2 * tf.math.log(scores)
    other = (1 - center) * (1 - heat) ** 4 * scores**2 * tf.math.log(1 - scores)
    return -tf.reduce_sum(hit + other, axis=(1, 2, 3))


def _box_loss(truth: Any, near: Any, grid: Any) -> Any:
    boxes = boxes_of(grid[..., len(LABELS) :])
    weight = tf.reduce_max(near, axis=1)
    weight = weight * tf.cast(weight > 0.25, tf.float32)
    wanted = tf.gather(truth[..., 1:], tf.argmax(near, axis=1), batch_dims=1)
    return tf.reduce_sum(weight * (1 - _generalised_overlap(boxes, wanted)), axis=(1, 2))


def _generalised_overlap(one: Any, other: Any) -> Any:
    low, high = tf.maximum(one[..., :2], other[..., :2]), tf.minimum(one[..., 2:], other[..., 2:])
    shared = tf.reduce_prod(tf.maximum(high - low, 0.0), axis=-1)
    areas = tf.add_n([tf.reduce_prod(boxes[..., 2:] - boxes[..., :2], axis=-1) for boxes in (one, other)])
    around = tf.maximum(one[..., 2:], other[..., 2:]) - tf.minimum(one[..., :2], other[..., :2])
    around = tf.maximum(tf.reduce_prod(around, axis=-1), 1e-6)
    union = tf.maximum(areas - shared, 1e-6)
    return shared / union - (around - union) / around
