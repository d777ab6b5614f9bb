"""The two halves of the captioner: one encodes a picture as a grid of features, one predicts the next word from them.

The encoder is convolutions and one round of attention among the cells of the grid. The decoder is a small transformer:
it reads the words so far and looks at the grid. Words that it cannot know are taken for the last one it knows, so that
no number harms it.
"""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import tensorflow as tf

from cameras.pattern.shapes import COLORS, SHAPES

from .captions import MOST_WORDS, WORDS

SIDE_PX = 160
_GRID = SIDE_PX // 16
_CELLS = _GRID * _GRID
_WIDTH = 80
_HEADS = 4


def encoder() -> keras.Model:
    """Return the encoder: a picture's floats to (cells, width)."""
    image = keras.Input((SIDE_PX, SIDE_PX, 3))
    x = keras.layers.Rescaling(1 / 127.5, offset=-1.0)(image)
    x = _convolution(x, 32, 4, kernel=6)
    for channels, strides in ((48, 2), (64, 1), (64, 1), (_WIDTH, 2), (_WIDTH, 1)):
        x = _convolution(x, channels, strides)
    x = _Places(_CELLS)(keras.layers.Reshape((_CELLS, _WIDTH))(x))
    return keras.Model(image, _block(x, x, masked=False))


def decoder() -> keras.Model:
    """Return the decoder: the words so far and the encoder's cells to one logit per word, at each place."""
    words, cells = keras.Input((MOST_WORDS,), dtype="int32"), keras.Input((_CELLS, _WIDTH))
    x = _Places(MOST_WORDS)(keras.layers.Embedding(len(WORDS), _WIDTH)(words))
    for _ in range(2):
        x = _attended(x, x, masked=True)
        x = _block(x, cells, masked=False)
    return keras.Model([words, cells], keras.layers.Dense(len(WORDS))(_normal(x)))


def pointer() -> keras.Model:
    """Return an auxiliary network that locates shapes from the encoder's cells; it speeds up training."""
    cells = keras.Input((_CELLS, _WIDTH))
    return keras.Model(cells, keras.layers.Dense(1 + len(COLORS) * len(SHAPES))(_normal(cells)))


def _convolution(x: Any, channels: int, strides: int = 1, kernel: int = 3) -> Any:
    x = keras.layers.Conv2D(channels, kernel, strides, padding="same", use_bias=False)(x)
    return keras.layers.ReLU()(keras.layers.BatchNormalization(momentum=0.97)(x))


class _Places(keras.layers.Layer):  # type: ignore[misc]  # keras has no type information
    """Adds a learnt embedding to each position of a sequence."""

    def __init__(self, count: int) -> None:
        super().__init__()
        self._count = count

    def build(self, shape: Any) -> None:
        self.places = self.add_weight(
            shape=(self._count, shape[-1]), initializer=keras.initializers.RandomNormal(0, 0.1)
        )

    def call(self, x: Any) -> Any:
        return x + self.places


def _normal(x: Any) -> Any:
    return keras.layers.LayerNormalization(epsilon=1e-5)(x)


def _block(x: Any, seen: Any, *, masked: bool) -> Any:
    x = _attended(x, seen, masked=masked)
    inner = keras.layers.Dense(2 * _WIDTH, activation="relu")(_normal(x))
    return keras.layers.Add()([x, keras.layers.Dense(_WIDTH)(inner)])


def _attended(x: Any, seen: Any, *, masked: bool) -> Any:
    """Return a sequence that attends to another one; masked: no position attends to a later one."""
    normal = _normal(x)
    other = normal if seen is x else _normal(seen)
    asked, keys, values = (keras.layers.Dense(_WIDTH)(part) for part in (normal, other, other))
    return keras.layers.Add()([x, keras.layers.Dense(_WIDTH)(_Attention(masked)([asked, keys, values]))])


class _Attention(keras.layers.Layer):  # type: ignore[misc]
    """Attention with several heads, in operators that TFLite has."""

    def __init__(self, masked: bool) -> None:
        super().__init__()
        self._masked = masked

    def call(self, parts: Any) -> Any:
        asked, keys, values = (self._heads(part) for part in parts)
        scores = tf.matmul(asked, keys, transpose_b=True) * (_WIDTH // _HEADS) ** -0.5
        if self._masked:
            size = parts[0].shape[1]
            scores += tf.constant(np.triu(np.full((size, size), -1e9, np.float32), 1))
        found = tf.transpose(tf.matmul(tf.nn.softmax(scores), values), (0, 2, 1, 3))
        return tf.reshape(found, (-1, parts[0].shape[1], _WIDTH))

    def _heads(self, part: Any) -> Any:
        split = tf.reshape(part, (-1, part.shape[1], _HEADS, _WIDTH // _HEADS))
        return tf.transpose(split, (0, 2, 1, 3))


def encoder_graph(network: keras.Model) -> Any:
    """Return the function to convert: uint8 picture to ``cells``."""

    @tf.function(input_signature=[tf.TensorSpec((1, SIDE_PX, SIDE_PX, 3), tf.uint8, "image")])
    def run(image: Any) -> dict[str, Any]:
        return {"cells": network(tf.cast(image, tf.float32), training=False)}

    return run


def decoder_graph(network: keras.Model) -> Any:
    """Return the function to convert: int32 words and ``cells`` to ``logits``."""
    signature = [
        tf.TensorSpec((1, MOST_WORDS), tf.int32, "words"),
        tf.TensorSpec((1, _CELLS, _WIDTH), tf.float32, "cells"),
    ]

    @tf.function(input_signature=signature)
    def run(words: Any, cells: Any) -> dict[str, Any]:
        known = tf.clip_by_value(words, 0, len(WORDS) - 1)
        return {"logits": network([known, cells], training=False)}

    return run
