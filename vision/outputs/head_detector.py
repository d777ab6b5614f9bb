"""Detectors with raw outputs, whose boxes are computed here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from ..runtimes import LabelsError, Tensor
from .detector import BACKGROUNDS, Detector
from .heads import Head, HeadMatch, squeezed
from .scores import NonMaxSuppression, ScoredBoxes, Thresholds


class HeadDetector(Detector):
    """Reads raw outputs by the rules of their head, and leaves out boxes that overlap.

    Args:
        head: Whose rules.
        found: Which outputs it reads.
        labels: By number; a first one for the background is passed over. Empty for the head's own.
        thresholds: The lowest confidence that each label needs.
        name: Of the service, for the log.
        suppression: Which of the boxes that overlap are left out.
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
        if labels and len(labels) != found.classes:
            raise LabelsError(f"there are {len(labels)} labels but the head {head.name} gives {found.classes} scores")
        super().__init__(labels, thresholds, name, suppression)
        self._head = head
        self._found = found

    def _broken(self, outputs: Mapping[str, Tensor]) -> int:
        return sum(bool(np.isnan(outputs[name]).any()) for name in self._found.outputs)

    def _decode(self, outputs: Mapping[str, Tensor], size: tuple[int, int]) -> ScoredBoxes:
        arrays = [outputs[name] for name in self._found.outputs]
        plain = [np.asarray(array.reshape(squeezed(array.shape)), np.float32)[0] for array in arrays]
        with np.errstate(invalid="ignore", over="ignore"):  # what is no number is dropped, and counted
            return self._head.decode(plain, size, self._found.classes)
