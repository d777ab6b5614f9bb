"""Accuracy of the segmenter on the same unseen scenes of the test pattern as the other models.

Needs a runtime for TFLite and nothing of what trained it.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cameras.pattern.shapes import SHAPES

from .measure import SIZE, Model, unseen

MODELS = Path(__file__).parents[1] / "models"
SEGMENTER = MODELS / "shapes_segmenter.tflite"
FIGURES = MODELS / "segmenter_figures.json"
LABELS = ("background", *SHAPES)


def measured(scenes: int) -> dict[str, Any]:
    """Return the intersection over union of truth and mask, by label."""
    segmenter = Model(SEGMENTER)
    # (truth, mask): how many pixels
    counted = np.zeros((len(LABELS), len(LABELS)), np.int64)
    for picture in unseen(scenes, 10):
        mask = segmenter.run(picture.image)[0].argmax(axis=-1).astype(np.uint8)
        found = cv2.resize(mask, SIZE, interpolation=cv2.INTER_NEAREST_EXACT)
        pairs = picture.numbers().astype(np.int64) * len(LABELS) + found
        counted += np.bincount(pairs.ravel(), minlength=counted.size).reshape(counted.shape)
    both = np.diagonal(counted)
    overlap = (both / (counted.sum(axis=0) + counted.sum(axis=1) - both))[1:]
    return {
        "pictures": scenes * 10,
        "overlap": round(float(overlap.mean()), 4),
        "overlap_by_label": {label: round(float(share), 4) for label, share in zip(SHAPES, overlap, strict=True)},
        "ms": round(float(np.median(segmenter.seconds)) * 1e3, 2),
        "bytes": SEGMENTER.stat().st_size,
    }
