"""Reading the answer of a detector: boxes, and for each the number of a label and a score."""

from __future__ import annotations

import logging
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from cameras import BoundingBox, Detection

from ..runtimes import Tensor
from .scores import Floats, NonMaxSuppression, ScoredBoxes, Thresholds

logger = logging.getLogger(__name__)

WHOLE = BoundingBox(0.0, 0.0, 1.0, 1.0)

BACKGROUNDS = ("background", "__background__", "???")
"""What a first label is called, in small letters, when it stands for no thing at all."""


class Detections(tuple[Detection, ...]):
    """What a detector has found.

    Attributes:
        invalid: How much more it may have found, in numbers that are none or in boxes turned inside out: what must
            not be missed must not be taken for nothing.
    """

    invalid: int = 0


class Detector(ABC):
    """Turns a detector's outputs into detections inside the picture.

    Args:
        labels: By number; empty names them by their number.
        thresholds: The lowest confidence that each label needs.
        name: Of the service, for the log.
        suppression: Which of the boxes that overlap are left out; ``None`` keeps all.

    Attributes:
        dropped: How many rows with a box or score that is no number have been dropped.
        unknown: How many detections had a number without a label.
    """

    def __init__(
        self,
        labels: Sequence[str],
        thresholds: Thresholds,
        name: str,
        suppression: NonMaxSuppression | None = None,
    ) -> None:
        self.labels = tuple(labels)
        self.dropped = 0
        self.unknown = 0
        self._minimums = thresholds
        self._name = name
        self._suppression = suppression

    def postprocess(
        self, outputs: Mapping[str, Tensor], size: tuple[int, int], window: BoundingBox = WHOLE
    ) -> tuple[Detection, ...]:
        """Return the detections, most confident first.

        A box partly outside the picture is clipped, one that is empty or wholly outside is left out.

        Args:
            outputs: What the model gave.
            size: Width and height of its input in pixels.
            window: Where in the input the picture is.
        """
        found = self._decode(outputs, size)
        finite = found.finite()
        self.dropped += len(found.scores) - len(finite.scores)
        invalid = len(found.scores) - len(finite.scores) + self._broken(outputs)
        found = finite.at(finite.scores > 0.0)  # rows that only fill the tensor up have a score of 0
        found = found.at(found.scores >= self._needed(found.class_ids)).sorted()
        invalid += int((found.boxes[:, :2] > found.boxes[:, 2:]).any(axis=1).sum())
        if self._suppression is not None:
            found = self._suppression.apply(found)  # of whole boxes: clipped ones overlap more
        found = found.cropped_to(window)
        detections = Detections(
            Detection(self._label(round(number)), score, box=BoundingBox(*box))
            for number, score, box in zip(
                found.class_ids.tolist(), found.scores.tolist(), found.boxes.tolist(), strict=True
            )
        )
        detections.invalid = invalid
        return detections

    def _broken(self, outputs: Mapping[str, Tensor]) -> int:
        """Return how many outputs hold what is no number and never becomes a candidate."""
        return 0

    @abstractmethod
    def _decode(self, outputs: Mapping[str, Tensor], size: tuple[int, int]) -> ScoredBoxes:
        """Return the boxes in fractions of the input; such that are no numbers may be among them."""

    def _needed(self, numbers: Floats) -> NDArray[np.float64]:
        """Return the lowest confidence for each of the numbers of labels."""
        each, places = np.unique(numbers, return_inverse=True)
        return self._minimums.of([self._named(round(number)) for number in each.tolist()])[places]

    def _named(self, number: int) -> str:
        if not self.labels:
            return str(number)
        return self.labels[number] if 0 <= number < len(self.labels) else f"class {number}"

    def _label(self, number: int) -> str:
        if self.labels and not 0 <= number < len(self.labels):
            self.unknown += 1
            if self.unknown == 1:
                logger.warning(
                    "service %s: the model gives class %d but there are %d labels; such things are labelled 'class N'",
                    self._name,
                    number,
                    len(self.labels),
                )
        return self._named(number)
