"""Detectors with raw outputs, which a head decodes to boxes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

import numpy as np

from cameras import BoundingBox, Keypoint, Keypoints, Mask

from ..runtimes import LabelsError, Tensor, is_background
from .detector import WHOLE, Detector
from .heads import Head, HeadMatch, squeezed
from .instance_masks import instance_masks
from .scores import NonMaxSuppression, ScoredBoxes, Thresholds


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
        has_background = labels[:1] and is_background(labels[0])
        if has_background and (len(labels) == found.classes + 1 or (not found.classes and found.first_class == 1)):
            labels = labels[1:]
        if found.closed and labels and found.classes and len(labels) != found.classes:
            raise LabelsError(f"there are {len(labels)} labels but the head {head.name} gives {found.classes} scores")
        super().__init__(labels, thresholds, name, suppression, first_class=found.first_class)
        self._head = head
        self._found = found

    def _broken(self, outputs: Mapping[str, Tensor]) -> int:
        return sum(bool(np.isnan(outputs[name]).any()) for name in self._found.outputs)

    def _decode(self, outputs: Mapping[str, Tensor], size: tuple[int, int]) -> ScoredBoxes:
        arrays = [outputs[name] for name in self._found.outputs]
        if self._found.batched:
            arrays = [array.reshape(squeezed(array.shape))[0] for array in arrays]
        plain = [np.asarray(array, np.float32) for array in arrays]
        with np.errstate(invalid="ignore", over="ignore"):  # non-finite rows are dropped and counted
            found = (self._found.decode or self._head.decode)(plain, size, self._found.classes)
        first = self._found.first_class
        return found._replace(class_ids=found.class_ids - first) if first else found

    @property
    def has_masks(self) -> bool:
        """Whether the model gives prototypes of masks."""
        return bool(self._found.prototypes)

    @property
    def has_points(self) -> bool:
        """Whether its objects have keypoints."""
        return self._found.points is not None

    def find_points(
        self, outputs: Mapping[str, Tensor], size: tuple[int, int], window: BoundingBox = WHOLE
    ) -> tuple[Keypoints, ...]:
        """Return the keypoints of the objects that :meth:`postprocess` returns, in the same order.

        A point outside the picture is moved to its edge.
        """
        known, (found, _) = self._found.points, self._kept(outputs, size, window)
        if known is None or found.points is None:
            return ()
        return tuple(
            Keypoints(
                self._named(round(number)),
                score,
                points=tuple(
                    Keypoint(name, min(max(x, 0.0), 1.0), min(max(y, 0.0), 1.0), confidence)
                    for name, (x, y, confidence) in zip(known.names, points, strict=True)
                ),
                skeleton=known.skeleton,
                box=BoundingBox(*box),
            )
            for number, score, box, points in zip(
                found.class_ids.tolist(),
                found.scores.tolist(),
                found.boxes.tolist(),
                found.points.tolist(),
                strict=True,
            )
        )

    def _masks(self, outputs: Mapping[str, Tensor], found: ScoredBoxes, window: BoundingBox) -> Iterable[Mask | None]:
        if not self._found.prototypes:
            return super()._masks(outputs, found, window)
        prototypes = np.asarray(outputs[self._found.prototypes][0], np.float32)
        return instance_masks(prototypes, found, window)
