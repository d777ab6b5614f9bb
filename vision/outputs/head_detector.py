"""Detectors with raw outputs, which a head decodes to boxes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..runtimes import LabelsError, Tensor
from .detector import Detector
from .heads import Head, HeadMatch, squeezed
from .scores import BACKGROUNDS, NonMaxSuppression, ScoredBoxes, Thresholds


class HeadDetector(Detector):
    """Decodes raw outputs with a head and suppresses overlapping boxes.

    Args:
        head: The head that decodes the outputs.
        found: The outputs that it decodes.
        labels: Labels by class number; a first label for the background is skipped. Empty uses the head's own.
        thresholds: Lowest confidence of each label.
        name: Name of the service, for the log.
        suppression: Non-maximum suppression of overlapping boxes.

    Raises:
        LabelsError: when the number of labels differs from the number of classes.
    """

    def __init__(
        self,
        head: Head,
        found: HeadMatch,
        labels: Sequence[str],
        thresholds: Thresholds,
        name: str,
        suppression: NonMaxSuppression,
    ) -> None:
        labels = tuple(labels) or head.labels
        if len(labels) == found.classes + 1 and labels[0].casefold() in BACKGROUNDS:
            labels = labels[1:]
        if found.closed and labels and found.classes and len(labels) != found.classes:
            raise LabelsError(f"there are {len(labels)} labels but the head {head.name} gives {found.classes} scores")
        super().__init__(labels, thresholds, name, suppression)
        self._head = head
        self._found = found

    def _broken(self, outputs: Mapping[str, Tensor]) -> int:
        return sum(bool(np.isnan(outputs[name]).any()) for name in self._found.outputs)

    def _decode(self, outputs: Mapping[str, Tensor], size: tuple[int, int]) -> ScoredBoxes:
        arrays = [outputs[name] for name in self._found.outputs]
        plain = [np.asarray(array.reshape(squeezed(array.shape)), np.float32)[0] for array in arrays]
        with np.errstate(invalid="ignore", over="ignore"):  # non-finite rows are dropped and counted
            return (self._found.decode or self._head.decode)(plain, size, self._found.classes)
