"""Accuracy of the detector's ONNX file, and its agreement with the TFLite file that it was exported from.

Needs the runtimes for both and nothing of what made them.
"""

from __future__ import annotations

import time
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cameras import BoundingBox
from cameras.pattern.scene import Picture
from cameras.pattern.shapes import Canvas
from vision import Onnx
from vision.runtimes.files import ModelFile

from .measure import LABELS, Found, Model, map50, overlap, unseen

MODELS = Path(__file__).parents[1] / "models"
ORIGINAL = MODELS / "shapes_detector.tflite"
TWIN = MODELS / "shapes_detector.onnx"
FIGURES = MODELS / "onnx_figures.json"
THRESHOLD = 0.5  # of the configurations that show the two
SAME_BOX = 0.9  # intersection over union from which two boxes count as equal


class Twin:
    """The ONNX file on one core.

    Attributes:
        inputs: Name, shape and type of each tensor that goes in.
        outputs: The same of what comes out.
        labels: Those packed in the file.
        seconds: How much of the core each run took.
    """

    def __init__(self, path: Path = TWIN) -> None:
        """Load the file."""
        self._runtime = Onnx(ModelFile.read(path), num_threads=1)
        self.inputs, self.outputs = (
            [(one.name, one.shape, one.dtype.name) for one in side]
            for side in (self._runtime.inputs, self._runtime.outputs)
        )
        self.labels = self._runtime.metadata.labels
        self.seconds: list[float] = []

    def run(self, image: Canvas) -> Any:
        """Return the rows for a BGR picture of any size."""
        _, height_px, width_px, _ = self._runtime.inputs[0].shape
        small = cv2.cvtColor(cv2.resize(image, (width_px, height_px)), cv2.COLOR_BGR2RGB)
        begin = time.thread_time()
        (rows,) = self._runtime.infer({"image": small[None]}).values()
        self.seconds.append(time.thread_time() - begin)
        return rows[0]

    def found(self, image: Canvas, picture: int = 0) -> list[Found]:
        """Return the detections in a BGR picture, most confident first."""
        return [
            Found(picture, LABELS[int(label)], float(score), BoundingBox(*map(float, corners)))
            for *corners, score, label in self.run(image)
        ]

    def close(self) -> None:
        """Close the file."""
        self._runtime.close()


def pairs(ones: Sequence[Found], others: Sequence[Found]) -> list[tuple[Found, Found]]:
    """Return the pairs of detections with equal label and box."""
    left, same = list(others), []
    for one in ones:
        best = max(
            (other for other in left if other.label == one.label),
            key=lambda other: overlap(one.box, other.box),
            default=None,
        )
        if best is not None and overlap(one.box, best.box) >= SAME_BOX:
            left.remove(best)
            same.append((one, best))
    return same


def compared(original: Model, twin: Twin, pictures: Iterable[Picture]) -> dict[str, float]:
    """Return the share of detections above the threshold that both have, and the difference of their scores."""
    either, both, apart = 0, 0, []
    for picture in pictures:
        ones, others = original.found(picture.image), twin.found(picture.image)
        sure = [[found for found in side if found.score >= THRESHOLD] for side in (ones, others)]
        same = pairs(*sure)
        both += len(same)
        either += sum(map(len, sure)) - len(same)
        apart += [abs(one.score - other.score) for one, other in same]
    return {"same": round(both / either, 4), "mean": round(float(np.mean(apart)), 4), "most": round(max(apart), 4)}


def measured(scenes: int) -> dict[str, Any]:
    """Return the figures of the existing file."""
    twin = Twin()
    precision, _ = map50(twin, unseen(scenes, 10))
    agreement = compared(Model(ORIGINAL), twin, unseen(scenes, 10))
    figures = {
        "pictures": scenes * 10,
        "map50": round(precision, 4),
        "same_detections": agreement["same"],
        "score_apart_mean": agreement["mean"],
        "score_apart_most": agreement["most"],
        "ms": round(float(np.median(twin.seconds)) * 1e3, 2),
        "bytes": TWIN.stat().st_size,
    }
    twin.close()
    return figures
