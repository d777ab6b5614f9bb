"""Accuracy of the models on scenes of the test pattern that were not used in training.

Needs a runtime for TFLite and nothing of what trained them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import cv2
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from cameras import BoundingBox
from cameras.pattern.scene import Picture, Scene
from cameras.pattern.shapes import SHAPES, Canvas

LABELS = tuple(SHAPES)
SIZE = (1280, 720)
OVERLAP = 0.5  # intersection over union from which a box counts as found


@dataclass(frozen=True)
class Found:
    """A detection in one of the pictures: picture number, label, confidence, box."""

    picture: int
    label: str
    score: float
    box: BoundingBox


class Finder(Protocol):
    """A detector on any runtime."""

    def found(self, image: Canvas, picture: int = 0) -> list[Found]:
        """Return the detections in a BGR picture, most confident first."""


class Model:
    """A TFLite file on one core.

    Attributes:
        inputs: Name, shape and type of each tensor that goes in.
        outputs: The same of what comes out, in this order.
        seconds: How much of the core each run took.
    """

    def __init__(self, path: Path) -> None:
        """Load the file."""
        self._interpreter: Any = Interpreter(model_path=str(path), num_threads=1)
        self._interpreter.allocate_tensors()
        self._input, self._outputs = self._interpreter.get_input_details()[0], self._interpreter.get_output_details()
        self.inputs, self.outputs = _described([self._input]), _described(self._outputs)
        self.seconds: list[float] = []

    def run(self, image: Canvas) -> list[NDArray[np.float32]]:
        """Return the outputs for a BGR picture of any size."""
        _, height_px, width_px, _ = self._input["shape"]
        small = cv2.cvtColor(cv2.resize(image, (int(width_px), int(height_px))), cv2.COLOR_BGR2RGB)
        begin = time.thread_time()
        self._interpreter.set_tensor(self._input["index"], small[None])
        self._interpreter.invoke()
        self.seconds.append(time.thread_time() - begin)
        return [self._interpreter.get_tensor(output["index"])[0] for output in self._outputs]

    def found(self, image: Canvas, picture: int = 0) -> list[Found]:
        """Return the detections in a BGR picture, most confident first."""
        location, category, score, _ = self.run(image)
        return [
            Found(
                picture, LABELS[int(label)], float(confidence), BoundingBox(*map(float, (x_min, y_min, x_max, y_max)))
            )
            for (y_min, x_min, y_max, x_max), label, confidence in zip(location, category, score, strict=True)
        ]


def _described(tensors: list[dict[str, Any]]) -> list[tuple[str, tuple[int, ...], str]]:
    return [(one["name"], tuple(map(int, one["shape"])), np.dtype(one["dtype"]).name) for one in tensors]


def unseen(scenes: int, pictures_per_scene: int) -> Iterator[Picture]:
    """Yield pictures at random moments of the first scenes; training uses the scenes from one million."""
    for seed in range(scenes):
        scene = Scene(seed, *SIZE)
        numbers = np.random.default_rng(seed).integers(0, 1 << 20, pictures_per_scene)
        yield from (scene.render(int(number)) for number in numbers)


def top1(model: Model, pictures: Iterable[Picture]) -> float:
    """Return the share of pictures whose most confident label is that of the largest object."""
    right = [LABELS[int(model.run(picture.image)[0].argmax())] == picture.label for picture in pictures]
    return sum(right) / len(right)


def map50(model: Finder, pictures: Iterable[Picture]) -> tuple[float, dict[str, float]]:
    """Return the mean average precision at an overlap of 0.5, and the precision of each label."""
    truth: list[dict[str, list[BoundingBox]]] = []
    found: list[Found] = []
    for number, picture in enumerate(pictures):
        truth.append({label: [thing.box for thing in picture.things if thing.label == label] for label in LABELS})
        found += model.found(picture.image, number)
    precisions = {label: _average_precision(label, found, truth) for label in LABELS}
    return sum(precisions.values()) / len(precisions), precisions


def _average_precision(label: str, found: list[Found], truth: list[dict[str, list[BoundingBox]]]) -> float:
    """Return the area under precision over recall, with precision made non-increasing (as PASCAL VOC since 2010)."""
    left = [list(boxes[label]) for boxes in truth]
    total = sum(len(boxes) for boxes in left)
    hits = []
    for one in sorted((one for one in found if one.label == label), key=lambda one: -one.score):
        best = max(left[one.picture], key=lambda box: overlap(one.box, box), default=None)
        hits.append(best is not None and overlap(one.box, best) >= OVERLAP)
        if best is not None and hits[-1]:
            left[one.picture].remove(best)
    right = np.cumsum(hits)
    precision = np.maximum.accumulate((right / np.arange(1, len(hits) + 1))[::-1])[::-1]
    return float((precision * hits).sum() / total)


def overlap(one: BoundingBox, other: BoundingBox) -> float:
    """Return the intersection of two boxes over their union."""
    width = min(one.x_max, other.x_max) - max(one.x_min, other.x_min)
    height = min(one.y_max, other.y_max) - max(one.y_min, other.y_min)
    shared = max(0.0, width) * max(0.0, height)
    areas = sum((box.x_max - box.x_min) * (box.y_max - box.y_min) for box in (one, other))
    return shared / (areas - shared) if shared else 0.0
