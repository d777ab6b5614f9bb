"""The network of the segmenter: convolutions down to a sixteenth of the picture and up again."""

from __future__ import annotations

from typing import Any

import keras
import tensorflow as tf

from .measure_segmenter import LABELS
from .networks import _convolution, _merged, _scaled

SIDE_PX = 128


def segmenter() -> keras.Model:
    """Return the network: a picture's floats to one logit per pixel and label."""
    image = keras.Input((SIDE_PX, SIDE_PX, 3))
    fine = _convolution(_scaled(image), 16, 2, kernel=5)
    middle = _convolution(_convolution(fine, 24, 2), 24)
    coarse = _convolution(_convolution(middle, 48, 2), 48)
    around = _convolution(_convolution(coarse, 64, 2), 64)
    around = _convolution(around, 64)
    coarse = _merged(coarse, around, 48)
    middle = _merged(middle, coarse, 24)
    fine = _merged(fine, middle, 16)
    scores = keras.layers.Conv2D(len(LABELS), 1)(fine)
    return keras.Model(image, keras.layers.UpSampling2D(2, interpolation="bilinear")(scores))


def graph(network: keras.Model) -> Any:
    """Return the function to convert: uint8 picture to ``mask`` (1, side, side, labels)."""

    @tf.function(input_signature=[tf.TensorSpec((1, SIDE_PX, SIDE_PX, 3), tf.uint8, "image")])
    def run(image: Any) -> dict[str, Any]:
        return {"mask": tf.nn.softmax(network(tf.cast(image, tf.float32), training=False))}

    return run
