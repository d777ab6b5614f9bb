"""Train the segmenter of ``configs/models`` from nothing, and measure it.

    .venv-train/bin/python -m configs.training.train_segmenter        # draws, trains, exports, measures
    .venv/bin/python -m configs.training.train_segmenter --evaluate   # only the figures of the file that is there

It knows the test pattern and nothing of the world. Like the others it takes uint8 RGB as it is.
"""

from __future__ import annotations

import json
import time
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from cameras.pattern.scene import Scene

from .measure_segmenter import FIGURES, LABELS, SEGMENTER, measured
from .options import read_options

_SIDE_PX = 128

_FIRST_SEED = 3_000_000  # scenes below are for the others, the figures and the tests
_SIZES = ((320, 180), (320, 180), (320, 240), (240, 240), (200, 320))
_PER_SCENE = 12
_BATCH = 16

Arrays = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def main() -> None:
    """Train, export and measure, or only the last."""
    options = read_options(__doc__, chunks=420, pictures_per_chunk=_PER_SCENE, epochs=9)
    if options.only not in (None, "segmenter"):
        return
    if not options.evaluate:
        begin = time.perf_counter()
        images, numbers = made_pictures(options.chunks)
        print(f"{len(images)} pictures drawn in {time.perf_counter() - begin:.0f} s", flush=True)
        train(images, numbers, options.epochs)
        print(f"trained in {(time.perf_counter() - begin) / 60:.0f} minutes", flush=True)
    figures = measured(options.scenes)
    print(json.dumps(figures, indent=2))
    FIGURES.write_text(json.dumps(figures, indent=2) + "\n")


def made_pictures(scenes: int) -> Arrays:
    """Return pictures of scenes, some of them a window only, and the number of each pixel's label."""
    images, numbers = [], []
    random = np.random.default_rng(20267)
    for seed in range(scenes):
        width, height = _SIZES[random.integers(len(_SIZES))]
        scene = Scene(_FIRST_SEED + seed, width, height)
        for _ in range(_PER_SCENE):
            picture = scene.render(int(random.integers(40_000)))
            window: Any = np.s_[:, :]
            if random.uniform() < 0.4:
                across, down = (int(size * random.uniform(0.4, 0.9)) for size in (width, height))
                left, top = int(random.integers(width - across)), int(random.integers(height - down))
                window = np.s_[top : top + down, left : left + across]
            image, number = picture.image[window], picture.numbers()[window]
            if random.uniform() < 0.5:
                image, number = image[:, ::-1], number[:, ::-1]
            if random.uniform() < 0.15:
                image = image[..., random.permutation(3)]
            size = (_SIDE_PX, _SIDE_PX)
            images.append(cv2.cvtColor(cv2.resize(np.ascontiguousarray(image), size), cv2.COLOR_BGR2RGB))
            numbers.append(cv2.resize(np.ascontiguousarray(number), size, interpolation=cv2.INTER_NEAREST))
    return np.stack(images).astype(np.uint8), np.stack(numbers).astype(np.uint8)


def train(images: NDArray[np.uint8], numbers: NDArray[np.uint8], epochs: int) -> None:
    """Train the network and write the file."""
    import keras  # so that measuring needs nothing of this

    from .export import export
    from .segment_networks import graph, segmenter

    keras.utils.set_random_seed(4)
    network = segmenter()
    steps = len(images) // _BATCH * epochs
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps, alpha=0.01, warmup_target=3e-3, warmup_steps=steps // 20)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.AdamW(rate, weight_decay=1e-3, clipnorm=5.0), loss, jit_compile=False)
    print(f"{network.count_params()} weights", flush=True)
    network.fit(_batches(images, numbers), epochs=epochs, verbose=2)
    export(graph(network), ("mask",), SEGMENTER, labels=LABELS)


def _batches(images: NDArray[np.uint8], numbers: NDArray[np.uint8]) -> Any:
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((images, numbers)).shuffle(len(images), seed=5)
    return data.batch(_BATCH, drop_remainder=True).map(lambda image, number: (tf.cast(image, tf.float32), number))


if __name__ == "__main__":
    main()
