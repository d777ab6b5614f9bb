"""Post-processing of detectors: boxes, each with a class number and a score."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cameras import BoundingBox, Detection, Mask

from ..runtimes import UNUSED, Tensor
from .heads import Samples
from .scores import Floats, NonMaxSuppression, ScoredBoxes, Thresholds

logger = logging.getLogger(__name__)

_BESIDE, _BEYOND = 0.05, 0.5  # of a side: how far a center, and an edge, may be outside the picture

WHOLE = BoundingBox(0.0, 0.0, 1.0, 1.0)


class Detections(tuple[Detection, ...]):
    """The detections in one frame.

    Attributes:
        invalid: Number of dropped rows and outputs with non-finite values or inverted boxes, which may hide further
            detections: a frame with any is not known to be empty.
    """

    invalid: int = 0


class Detector(ABC):
    """Converts a detector's outputs to detections inside the picture.

    Args:
        labels: Labels by class number; empty labels classes by their number.
        thresholds: Lowest confidence of each label.
        name: Name of the service, for the log.
        suppression: Non-maximum suppression of overlapping boxes; ``None`` keeps all.
        first_class: The number that the model gives to its first class, which a class without label is named by.

    Attributes:
        dropped: Number of rows dropped because their box or score was not finite.
        unknown: Number of detections whose class number has no label.
    """

    def __init__(
        self,
        labels: Sequence[str],
        thresholds: Thresholds,
        name: str,
        suppression: NonMaxSuppression | None = None,
        *,
        first_class: int = 0,
    ) -> None:
        self.labels = tuple(labels)
        self._first_class = first_class
        self.dropped = 0
        self.unknown = 0
        self._minimums = thresholds
        self._name = name
        self._suppression = suppression

    def postprocess(
        self, outputs: Mapping[str, Tensor], size: tuple[int, int], window: BoundingBox = WHOLE
    ) -> tuple[Detection, ...]:
        """Return the detections, most confident first.

        Boxes are clipped to the picture; boxes that are empty or outside it are left out.

        Args:
            outputs: The outputs of the model.
            size: Width and height of its input in pixels.
            window: Area of the picture in the input, in fractions.
        """
        found, invalid = self._kept(outputs, size, window)
        nothing = [None] * len(found.scores)
        detections = Detections(
            Detection(self._label(round(number)), score, box=BoundingBox(*box), polygon=polygon, mask=mask)
            for number, score, box, polygon, mask in zip(
                found.class_ids.tolist(),
                found.scores.tolist(),
                found.boxes.tolist(),
                nothing if found.polygons is None else (tuple(map(tuple, each)) for each in found.polygons.tolist()),
                nothing if found.coefficients is None else self._masks(outputs, found, window),
                strict=True,
            )
        )
        detections.invalid = invalid
        return detections

    def _kept(
        self, outputs: Mapping[str, Tensor], size: tuple[int, int], window: BoundingBox
    ) -> tuple[ScoredBoxes, int]:
        """Return the boxes that are kept, in fractions of the picture, and the number of invalid ones."""
        found = self._decode(outputs, size)
        finite = found.finite()
        self.dropped += len(found.scores) - len(finite.scores)
        invalid = len(found.scores) - len(finite.scores) + self._broken(outputs)
        # Rows that pad the tensor have a score of 0.
        found = finite.best((finite.scores > 0.0) & (finite.scores >= self._thresholds_for(finite.class_ids)))
        invalid += int((found.boxes[:, :2] > found.boxes[:, 2:]).any(axis=1).sum())
        if self._suppression is not None:
            found = self._suppression.apply(found)  # before clipping, which would increase overlap
        return found.cropped_to(window), invalid

    def share_outside(self, samples: Samples, size: tuple[int, int]) -> float:
        """Return the share of boxes in a trial run that are not in the picture, but beside it or far beyond its edges.

        Args:
            samples: The outputs for a few sample pictures.
            size: Width and height of the input in pixels.
        """
        boxes = np.concatenate([each.boxes for each in self._in_trial(samples, size)])
        centres = (boxes[:, :2] + boxes[:, 2:]) / 2
        beside = np.abs(centres - 0.5).max(axis=1, initial=0.0) > 0.5 + _BESIDE
        beyond = np.abs(boxes - 0.5).max(axis=1, initial=0.0) > 0.5 + _BEYOND
        return float(np.mean(beside | beyond)) if len(boxes) else 0.0

    def highest_class(self, samples: Samples, size: tuple[int, int]) -> int:
        """Return the highest class number of a trial run, counted from the first class; -1 without a box.

        Args:
            samples: The outputs for a few sample pictures.
            size: Width and height of the input in pixels.
        """
        numbers = np.concatenate([each.class_ids for each in self._in_trial(samples, size)])
        return round(float(numbers.max(initial=-1.0)))

    def _in_trial(self, samples: Samples, size: tuple[int, int]) -> list[ScoredBoxes]:
        found = [self._decode(sample, size).finite() for sample in samples]
        return [each.select(each.scores > 0.0) for each in found]

    @property
    def has_masks(self) -> bool:
        """Whether its detections have masks."""
        return False

    def _masks(self, outputs: Mapping[str, Tensor], found: ScoredBoxes, window: BoundingBox) -> Iterable[Mask | None]:
        """Return the mask of each box in the picture, for a detector whose boxes have coefficients."""
        return [None] * len(found.scores)

    def _broken(self, outputs: Mapping[str, Tensor]) -> int:
        """Return the number of outputs with NaN values that :meth:`_decode` does not return as rows."""
        return 0

    @abstractmethod
    def _decode(self, outputs: Mapping[str, Tensor], size: tuple[int, int]) -> ScoredBoxes:
        """Return the boxes in fractions of the input; rows may have non-finite values."""

    def _thresholds_for(self, numbers: Floats) -> NDArray[np.float64] | np.float64:
        """Return the lowest confidence for each class number, or for all."""
        if self._minimums.common is not None:
            return self._minimums.common
        each, places = np.unique(numbers, return_inverse=True)
        return self._minimums.of([self._named(round(number)) for number in each.tolist()])[places]

    def _named(self, number: int) -> str:
        own = number + self._first_class
        if not self.labels:
            return str(own)
        return self.labels[number] if self._has_label(number) else f"class {own}"

    def _has_label(self, number: int) -> bool:
        return 0 <= number < len(self.labels) and self.labels[number] != UNUSED

    def _label(self, number: int) -> str:
        if self.labels and not self._has_label(number):
            self.unknown += 1
            if self.unknown == 1:
                logger.warning(
                    "service %s: the model returns class %d, which has no label among its %d; labelling such "
                    "detections 'class N'",
                    self._name,
                    number + self._first_class,
                    len(self.labels),
                )
        return self._named(number)
