"""Train the captioner of ``configs/models`` from scratch, and measure it.

    .venv-train/bin/python -m configs.training.train_captioner        # draws, trains, exports, measures
    .venv/bin/python -m configs.training.train_captioner --evaluate   # measures the existing files only

The seeds are fixed; the weights still differ slightly between machines (see :mod:`.train`).
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .caption_pictures import PICTURES_PER_CHUNK, chunk, whereabouts
from .captions import END, MOST_WORDS, START, WORDS, caption, tokens
from .measure_captioner import DECODER, ENCODER, FIGURES, VOCABULARY, measured
from .options import read_options
from .pictures import shrunk

_SIDE_PX = 160
_GRID = 10  # cells of the encoder, in both directions
_BATCH = 32
_POINTING = 1.0  # weight of saying what lies where, beside that of the sentence

Arrays = tuple[NDArray[np.uint8], NDArray[np.int32], NDArray[np.float32], NDArray[np.uint8]]


def main() -> None:
    """Train, export and measure, or only measure."""
    options = read_options(__doc__, chunks=240, pictures_per_chunk=PICTURES_PER_CHUNK, epochs=14)
    if options.only not in (None, "captioner"):
        return
    if not options.evaluate:
        begin = time.perf_counter()
        arrays = made_pictures(options.chunks)
        print(f"{len(arrays[0])} pictures drawn in {time.perf_counter() - begin:.0f} s", flush=True)
        train(arrays, options.epochs)
        print(f"trained in {(time.perf_counter() - begin) / 60:.0f} minutes", flush=True)
    figures = measured(options.scenes)
    print(json.dumps(figures, indent=2))
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n")


def made_pictures(chunks: int) -> Arrays:
    """Return small pictures, the tokens of their sentences, 0.0 for ambiguous ones, and the objects by cell."""
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        parts = list(pool.imap(_made_chunk, range(chunks)))
    return tuple(np.concatenate([part[index] for part in parts]) for index in range(4))  # type: ignore[return-value]


def _made_chunk(number: int) -> Arrays:
    cv2.setNumThreads(1)
    random = np.random.default_rng((20263, number))
    images, words, weights, grids = [], [], [], []
    for image, things in chunk(number):
        sentence, clear = caption(things)
        images.append(shrunk(image, _SIDE_PX, random))
        words.append(tokens(sentence))
        weights.append(float(clear))
        grids.append(whereabouts(things, _GRID))
    return np.stack(images), np.array(words, np.int32), np.array(weights, np.float32), np.stack(grids)


def train(arrays: Arrays, epochs: int) -> None:
    """Train both halves together and write the files."""
    import keras  # so that measuring needs nothing of this

    from .caption_networks import decoder, decoder_graph, encoder, encoder_graph, pointer
    from .export import export

    keras.utils.set_random_seed(4)
    eyes, pen, finger = encoder(), decoder(), pointer()
    image, words = keras.Input((_SIDE_PX, _SIDE_PX, 3)), keras.Input((MOST_WORDS,), dtype="int32")
    cells = eyes(image)
    _fit(keras.Model([image, words], [pen([words, cells]), finger(cells)]), arrays, epochs)
    export(encoder_graph(eyes), ("cells",), ENCODER, labels=())
    export(decoder_graph(pen), ("logits",), DECODER, inputs=("words", "cells"), labels=())
    VOCABULARY.write_text("\n".join(WORDS) + "\n")


def _fit(network: Any, arrays: Arrays, epochs: int) -> None:
    import keras
    import tensorflow as tf

    images, words, clear, grids = arrays
    steps = len(images) // _BATCH

    def batches() -> Any:
        random = np.random.default_rng(5)
        while True:
            for part in np.array_split(random.permutation(len(images))[: steps * _BATCH], steps):
                before = np.concatenate([np.full((_BATCH, 1), START, np.int32), words[part][:, :-1]], axis=1)
                # what comes after the end of a sentence does not matter, and where several would do, none of it
                said = np.concatenate([np.ones((_BATCH, 1)), words[part][:, :-1] != END], axis=1) * clear[part, None]
                image, grid = _varied(images[part], grids[part], random)
                yield image, before, words[part], grid.reshape(_BATCH, -1), said.astype(np.float32)

    signature = (
        tf.TensorSpec((_BATCH, _SIDE_PX, _SIDE_PX, 3), tf.uint8),
        tf.TensorSpec((_BATCH, MOST_WORDS), tf.int32),
        tf.TensorSpec((_BATCH, MOST_WORDS), tf.int32),
        tf.TensorSpec((_BATCH, _GRID * _GRID), tf.uint8),
        tf.TensorSpec((_BATCH, MOST_WORDS), tf.float32),
    )
    data = tf.data.Dataset.from_generator(batches, output_signature=signature)
    everywhere = tf.ones((_BATCH, _GRID * _GRID))
    data = data.map(
        lambda image, before, after, grid, said: (
            (tf.cast(image, tf.float32), before),
            (after, tf.cast(grid, tf.int32)),
            (said, everywhere),
        )
    )
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps * epochs, alpha=0.01, warmup_target=1.5e-3, warmup_steps=steps // 2
    )
    losses = [keras.losses.SparseCategoricalCrossentropy(from_logits=True) for _ in range(2)]
    optimizer = keras.optimizers.AdamW(rate, weight_decay=1e-3, clipnorm=1.0)
    network.compile(optimizer, losses, loss_weights=[1.0, _POINTING], jit_compile=False)
    print(f"{network.count_params()} weights, {int(clear.sum())} of {len(images)} pictures are clear", flush=True)
    network.fit(data.prefetch(2), epochs=epochs, steps_per_epoch=steps, verbose=2, shuffle=False)


def _varied(
    images: NDArray[np.uint8], grids: NDArray[np.uint8], random: np.random.Generator
) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Return the pictures, some mirrored left to right, which keeps above and below."""
    images, grids = images.copy(), grids.copy()
    mirrored = random.uniform(size=len(images)) < 0.5
    images[mirrored], grids[mirrored] = images[mirrored, :, ::-1], grids[mirrored, :, ::-1]
    return images, grids


if __name__ == "__main__":
    main()
