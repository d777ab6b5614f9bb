"""Train the classifier and the detector of ``configs/models`` from scratch, and measure them.

    .venv-train/bin/python -m configs.training.train            # draws, trains, exports, measures
    .venv/bin/python -m configs.training.train --evaluate       # measures the existing files only

Everything is drawn from fixed seeds; the weights still differ slightly between machines, because they add in
different orders.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import time
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from .measure import Model, map50, top1, unseen
from .options import read_options
from .pictures import LABELS, MOST_BOXES, PICTURES_PER_CHUNK, chunk, shrunk

MODELS = Path(__file__).parents[1] / "models"
CLASSIFIER = MODELS / "shapes_classifier.tflite"
DETECTOR = MODELS / "shapes_detector.tflite"

CLASSIFIER_SIDE_PX, DETECTOR_SIDE_PX = 96, 192
_BATCH = 32
_LEAST_AREA = 0.02  # of the picture: a thing smaller than this is not what the picture shows
_LEAD = 1.1  # how much larger than the next one it must be to be learnt from

Arrays = tuple[NDArray[np.uint8], NDArray[np.uint8], NDArray[np.float32]]


def main() -> None:
    """Train, export and measure, or only measure."""
    options = read_options(__doc__, chunks=280, pictures_per_chunk=PICTURES_PER_CHUNK, epochs=12)
    if options.only not in (None, "classifier", "detector"):
        return
    if not options.evaluate:
        begin = time.perf_counter()
        arrays = made_pictures(options.chunks)
        print(f"{len(arrays[0])} pictures drawn in {time.perf_counter() - begin:.0f} s", flush=True)
        train(arrays, options.epochs, options.only)
        print(f"trained in {(time.perf_counter() - begin) / 60:.0f} minutes", flush=True)
    figures = measured(options.scenes)
    print(json.dumps(figures, indent=2))
    (MODELS / "figures.json").write_text(json.dumps(figures, indent=2) + "\n")


def made_pictures(chunks: int) -> Arrays:
    """Return small pictures for the classifier, larger ones for the detector, and the boxes in them."""
    with multiprocessing.get_context("spawn").Pool(os.cpu_count()) as pool:
        parts = list(pool.imap(_made_chunk, range(chunks)))
    return tuple(np.concatenate([part[index] for part in parts]) for index in range(3))  # type: ignore[return-value]


def _made_chunk(number: int) -> Arrays:
    cv2.setNumThreads(1)
    random = np.random.default_rng((20261, number))
    small, large, boxes = [], [], np.full((PICTURES_PER_CHUNK, MOST_BOXES, 5), -1, np.float32)
    for index, example in enumerate(chunk(number)):
        small.append(shrunk(example.image, CLASSIFIER_SIDE_PX, random))
        large.append(shrunk(example.image, DETECTOR_SIDE_PX, random))
        boxes[index, : len(example.boxes)] = example.boxes
    return np.stack(small), np.stack(large), boxes


def train(arrays: Arrays, epochs: int, only: str | None) -> None:
    """Train the selected models and write their files."""
    import keras  # so that measuring needs nothing of this

    from .export import export
    from .losses import detector_loss
    from .networks import classifier, classifier_graph, detector, detector_graph

    small, large, boxes = arrays
    if only != "detector":
        keras.utils.set_random_seed(1)
        labels, weights = dominant(boxes)
        network = classifier()
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        _fit(network, loss, small, labels, weights, epochs * 2)
        export(classifier_graph(network), ("probability",), CLASSIFIER)
    if only != "classifier":
        keras.utils.set_random_seed(2)
        network = detector()
        _fit(network, detector_loss, large, boxes, np.ones(len(large), np.float32), epochs)
        export(detector_graph(network), ("location", "category", "score", "count"), DETECTOR)
    (MODELS / "shapes.txt").write_text("\n".join(LABELS) + "\n")


def dominant(boxes: NDArray[np.float32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Return the label of each picture as a whole, and its weight: 0.0 for an ambiguous picture.

    It is the label of the largest box; after the last label comes "none of them".
    """
    areas = np.maximum(np.prod(boxes[..., 3:5] - boxes[..., 1:3], axis=-1), 0) * (boxes[..., 0] >= 0)
    order = np.sort(areas, axis=1)
    empty = order[:, -1] == 0
    clear = (order[:, -1] > _LEAST_AREA) & (order[:, -1] > _LEAD * order[:, -2])
    labels = np.take_along_axis(boxes[..., 0], areas.argmax(axis=1)[:, None], axis=1)[:, 0]
    return np.where(empty, len(LABELS), labels).astype(np.int64), (empty | clear).astype(np.float32)


def _fit(network: Any, loss: Any, images: Any, truth: Any, weights: Any, epochs: int) -> None:
    import keras
    import tensorflow as tf

    steps = len(images) // _BATCH

    def batches() -> Any:
        random = np.random.default_rng(3)
        while True:
            for part in np.array_split(random.permutation(len(images))[: steps * _BATCH], steps):
                yield _varied(images[part], truth[part], random) + (weights[part],)

    shape = (_BATCH, *truth.shape[1:])
    signature = (
        tf.TensorSpec((_BATCH, *images.shape[1:]), tf.uint8),
        tf.TensorSpec(shape, tf.float32 if truth.ndim == 3 else tf.int64),
        tf.TensorSpec((_BATCH,), tf.float32),
    )
    data = tf.data.Dataset.from_generator(batches, output_signature=signature)
    data = data.map(lambda image, *rest: (tf.cast(image, tf.float32), *rest)).prefetch(2)
    rate = keras.optimizers.schedules.CosineDecay(
        0.0, steps * epochs, alpha=0.01, warmup_target=2e-3, warmup_steps=steps // 2
    )
    network.compile(keras.optimizers.AdamW(rate, weight_decay=1e-3, clipnorm=5.0), loss, jit_compile=False)
    network.summary(print_fn=lambda text, **_: None)
    print(f"{network.count_params()} weights", flush=True)
    network.fit(data, epochs=epochs, steps_per_epoch=steps, verbose=2, shuffle=False)


def _varied(images: Any, truth: Any, random: np.random.Generator) -> tuple[Any, Any]:
    """Return the pictures, some mirrored, some with other colours."""
    images, truth = images.copy(), truth.copy()
    mirrored = random.uniform(size=len(images)) < 0.5
    images[mirrored] = images[mirrored, :, ::-1]
    if truth.ndim == 3:
        there = mirrored[:, None] & (truth[..., 0] >= 0)
        truth[there, 1], truth[there, 3] = 1 - truth[there, 3], 1 - truth[there, 1]
    for index in np.flatnonzero(random.uniform(size=len(images)) < 0.3):
        images[index] = images[index][..., random.permutation(3)]
    return images, truth


def measured(scenes: int) -> dict[str, Any]:
    """Return the figures of the existing files."""
    classifier, detector = Model(CLASSIFIER), Model(DETECTOR)
    precision, by_label = map50(detector, unseen(scenes, 10))
    return {
        "pictures": scenes * 10,
        "classifier_top1": round(top1(classifier, unseen(scenes, 10)), 4),
        "detector_map50": round(precision, 4),
        "detector_average_precision": {label: round(value, 4) for label, value in by_label.items()},
        "classifier_ms": round(float(np.median(classifier.seconds)) * 1e3, 2),
        "detector_ms": round(float(np.median(detector.seconds)) * 1e3, 2),
        "classifier_bytes": CLASSIFIER.stat().st_size,
        "detector_bytes": DETECTOR.stat().st_size,
    }


if __name__ == "__main__":
    main()
