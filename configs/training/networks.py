"""The two networks: plain convolutions, small enough for one core, with the post-processing inside the graph.

Both take (1, side, side, 3) uint8 RGB, so that nobody has to know how the numbers are scaled.
"""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from .pictures import LABELS

CLASSIFIER_SIDE_PX = 96
DETECTOR_SIDE_PX = 192
GRID = DETECTOR_SIDE_PX // 8
MOST_DETECTIONS = 20

_PEAKS = 40  # peaks kept before duplicates are suppressed
_SAME_THING = 0.5  # overlap (intersection over union) from which only the more confident of two detections is kept
_BOX_UNIT = 0.1  # of the picture; the raw numbers of a box are logarithms of such units
# The focal loss leaves scores low: on 192 drawn pictures beyond those trained with and 120 of the scenes measured on,
# 0.35 was a good threshold. This linear map of the logits turns that into 0.5, the threshold that users try first.
_SLOPE, _SHIFT = 2.0, 1.238
_COUNTED = 0.1  # less confident detections are not counted


def classifier() -> keras.Model:
    """Return the classifier: a picture's floats to one logit per label and one for "none of them"."""
    image = keras.Input((CLASSIFIER_SIDE_PX, CLASSIFIER_SIDE_PX, 3))
    x = _scaled(image)
    for channels, strides in ((16, 2), (32, 2), (48, 2), (48, 1), (64, 2), (64, 1)):
        x = _convolution(x, channels, strides)
    x = keras.layers.Concatenate()([keras.layers.GlobalAveragePooling2D()(x), keras.layers.GlobalMaxPooling2D()(x)])
    x = keras.layers.Dropout(0.2)(x)
    return keras.Model(image, keras.layers.Dense(len(LABELS) + 1)(x))


def detector() -> keras.Model:
    """Return the detector: a picture's floats to (GRID, GRID, labels + 4), logits of "its centre is here" and a box."""
    image = keras.Input((DETECTOR_SIDE_PX, DETECTOR_SIDE_PX, 3))
    x = _scaled(image)
    x = _convolution(x, 32, 4, kernel=6)
    fine = _convolution(_convolution(x, 48, 2), 48)
    middle = _convolution(_convolution(fine, 64, 2), 64)
    coarse = _convolution(_convolution(middle, 80, 2), 80)
    middle = _merged(middle, coarse, 64)
    fine = _merged(fine, middle, 48)
    heads = keras.layers.Conv2D(48, 3, padding="same", activation="relu")(fine)
    # Almost no cell is a centre: this initial bias saves the first epochs.
    centers = keras.layers.Conv2D(len(LABELS), 1, bias_initializer=keras.initializers.Constant(-4.0))(heads)
    return keras.Model(image, keras.layers.Concatenate()([centers, keras.layers.Conv2D(4, 1)(heads)]))


def _scaled(image: Any) -> Any:
    return keras.layers.Rescaling(1 / 127.5, offset=-1.0)(image)


def _convolution(x: Any, channels: int, strides: int = 1, kernel: int = 3) -> Any:
    x = keras.layers.Conv2D(channels, kernel, strides, padding="same", use_bias=False)(x)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.97)(x))


def _merged(fine: Any, coarse: Any, channels: int) -> Any:
    """Return the finer grid, merged with the context of the coarser one."""
    across = keras.layers.UpSampling2D(2)(_convolution(coarse, channels, kernel=1))
    return _convolution(keras.layers.Add()([fine, across]), channels)


def boxes_of(raw: Any) -> Any:
    """Turn a grid's raw numbers (batch, GRID, GRID, 4) into boxes x_min, y_min, x_max, y_max in fractions."""
    middles = (tf.range(GRID, dtype=tf.float32) + 0.5) / GRID
    x, y = tf.meshgrid(middles, middles)
    reach = tf.exp(tf.clip_by_value(raw, -5.0, 3.0)) * _BOX_UNIT
    left, top, right, bottom = tf.unstack(reach, axis=-1)
    return tf.stack([x - left, y - top, x + right, y + bottom], axis=-1)


def classifier_graph(network: keras.Model) -> Any:
    """Return the function to convert: uint8 picture to ``probability`` (1, labels), the share of "none" left out."""

    @tf.function(input_signature=[tf.TensorSpec((1, CLASSIFIER_SIDE_PX, CLASSIFIER_SIDE_PX, 3), tf.uint8, "image")])
    def run(image: Any) -> dict[str, Any]:
        logits = network(tf.cast(image, tf.float32), training=False)
        return {"probability": tf.nn.softmax(logits)[:, : len(LABELS)]}

    return run


def detector_graph(network: keras.Model) -> Any:
    """Return the function to convert: uint8 picture to the four tensors that detectors for TFLite usually have."""

    @tf.function(input_signature=[tf.TensorSpec((1, DETECTOR_SIDE_PX, DETECTOR_SIDE_PX, 3), tf.uint8, "image")])
    def run(image: Any) -> dict[str, Any]:
        grid = network(tf.cast(image, tf.float32), training=False)
        scores = tf.sigmoid(_SLOPE * grid[..., : len(LABELS)] + _SHIFT)
        peaks = tf.cast(scores >= tf.nn.max_pool2d(scores, 3, 1, "SAME"), tf.float32) * scores
        best, where = tf.math.top_k(tf.reshape(peaks, [-1]), _PEAKS)
        cells = where // len(LABELS)
        boxes = tf.gather(tf.reshape(boxes_of(grid[..., len(LABELS) :]), [-1, 4]), cells)
        best *= 1 - _said_by_a_surer_one(boxes)
        scores, kept = tf.math.top_k(best, MOST_DETECTIONS)
        x_min, y_min, x_max, y_max = tf.unstack(tf.clip_by_value(tf.gather(boxes, kept), 0.0, 1.0), axis=-1)
        labels = tf.gather(where - cells * len(LABELS), kept)
        return {
            "location": tf.stack([y_min, x_min, y_max, x_max], axis=-1)[None],
            "category": tf.cast(labels, tf.float32)[None],
            "score": scores[None],
            "count": tf.reduce_sum(tf.cast(scores >= _COUNTED, tf.float32))[None],
        }

    return run


def _said_by_a_surer_one(boxes: Any) -> Any:
    """Return 1.0 for each box that overlaps an earlier one too much, else 0.0."""
    low = tf.maximum(boxes[:, None, :2], boxes[None, :, :2])
    high = tf.minimum(boxes[:, None, 2:], boxes[None, :, 2:])
    shared = tf.reduce_prod(tf.maximum(high - low, 0.0), axis=-1)
    areas = tf.reduce_prod(boxes[:, 2:] - boxes[:, :2], axis=-1)
    overlap = shared / (areas[:, None] + areas[None, :] - shared)
    before = tf.constant([[float(other < one) for other in range(_PEAKS)] for one in range(_PEAKS)])
    return tf.reduce_max(tf.cast(overlap > _SAME_THING, tf.float32) * before, axis=1)
