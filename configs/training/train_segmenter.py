"""Train the segmenter of ``configs/models`` from nothing: which pixels of the test pattern are a star, a circle, ...

    .venv-train/bin/python -m configs.training.train_segmenter

It knows the test pattern and nothing of the world. Like the others it takes uint8 RGB as it is.
"""

from __future__ import annotations

import argparse
import time
from pathlib import Path
from typing import Any

import cv2
import keras
import numpy as np
import tensorflow as tf
from numpy.typing import NDArray

from cameras.scene import Scene
from cameras.shapes import SHAPES

from .export import export
from .networks import _convolution, _merged, _scaled

SEGMENTER = Path(__file__).parents[1] / "models" / "shapes_segmenter.tflite"
LABELS = ("background", *SHAPES)
SIDE_PX = 128

_FIRST_SEED = 3_000_000  # scenes below are for the others, the figures and the tests
_SIZES = ((320, 180), (320, 180), (320, 240), (240, 240), (200, 320))
_PER_SCENE = 12
_BATCH = 16

Arrays = tuple[NDArray[np.uint8], NDArray[np.uint8]]


def main() -> None:
    """Draw, train and export."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--scenes", type=int, default=420, help=f"amount of pictures, in {_PER_SCENE}s")
    parser.add_argument("--epochs", type=int, default=9, help="how often each picture is looked at")
    options = parser.parse_args()
    begin = time.perf_counter()
    images, numbers = made_pictures(options.scenes)
    print(f"{len(images)} pictures drawn in {time.perf_counter() - begin:.0f} s", flush=True)
    keras.utils.set_random_seed(4)
    network = segmenter()
    steps = len(images) // _BATCH * options.epochs
    rate = keras.optimizers.schedules.CosineDecay(0.0, steps, alpha=0.01, warmup_target=3e-3, warmup_steps=steps // 20)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(keras.optimizers.AdamW(rate, weight_decay=1e-3, clipnorm=5.0), loss, jit_compile=False)
    print(f"{network.count_params()} weights", flush=True)
    network.fit(_batches(images, numbers), epochs=options.epochs, verbose=2)
    export(graph(network), ("mask",), SEGMENTER, labels=LABELS)
    print(f"trained in {(time.perf_counter() - begin) / 60:.0f} minutes", flush=True)


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
            size = (SIDE_PX, SIDE_PX)
            images.append(cv2.cvtColor(cv2.resize(np.ascontiguousarray(image), size), cv2.COLOR_BGR2RGB))
            numbers.append(cv2.resize(np.ascontiguousarray(number), size, interpolation=cv2.INTER_NEAREST))
    return np.stack(images).astype(np.uint8), np.stack(numbers).astype(np.uint8)


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


def _batches(images: NDArray[np.uint8], numbers: NDArray[np.uint8]) -> Any:
    data = tf.data.Dataset.from_tensor_slices((images, numbers)).shuffle(len(images), seed=5)
    return data.batch(_BATCH, drop_remainder=True).map(lambda image, number: (tf.cast(image, tf.float32), number))


if __name__ == "__main__":
    main()
