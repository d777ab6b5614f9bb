"""Expected boxes for tests of heads: encoding into raw outputs, and comparison with the decoded boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from vision.outputs.heads.head import Head
from vision.outputs.scores.scored_boxes import NonMaxSuppression, ScoredBoxes

CLASSES = 5


@dataclass(frozen=True)
class Thing:
    """One box, in fractions of the input: x_min, y_min, x_max, y_max."""

    box: tuple[float, float, float, float]
    score: float
    number: int

    @property
    def centre(self) -> NDArray[np.float64]:
        return np.array([(self.box[0] + self.box[2]) / 2, (self.box[1] + self.box[3]) / 2])

    @property
    def size(self) -> NDArray[np.float64]:
        return np.array([self.box[2] - self.box[0], self.box[3] - self.box[1]])

    @property
    def columns(self) -> NDArray[np.float64]:
        """One per label: 1 for this one's."""
        return np.asarray(np.eye(CLASSES)[self.number], np.float64)


THINGS = (
    Thing((0.1, 0.2, 0.3, 0.6), 0.9, 0),
    Thing((0.5, 0.5, 0.95, 0.75), 0.6, 4),
    Thing((-0.05, 0.7, 0.2, 1.1), 0.3, 2),
)


def assert_found(found: ScoredBoxes, things: tuple[Thing, ...] = THINGS) -> None:
    """Assert that exactly these boxes were decoded."""
    found = found.best(found.scores > -np.inf)
    assert np.allclose(found.scores, [thing.score for thing in things], atol=1e-3)
    assert np.allclose(found.boxes, [thing.box for thing in things], atol=1e-3)
    assert found.class_ids.tolist() == [thing.number for thing in things]


def assert_given(
    found: ScoredBoxes, golden: Sequence[Sequence[float]], unit: tuple[int, int] = (1, 1), head: Head | None = None
) -> None:
    """Assert that boxes equal those of the original code: rows of corners in a unit, score and class, best first.

    With a head, its non-maximum suppression is applied first.
    """
    found = found.best(found.scores > -np.inf)
    if head is not None:
        found = NonMaxSuppression(head.iou_threshold).apply(found)
    made = np.column_stack([found.boxes * np.array([*unit, *unit]), found.scores, found.class_ids])
    assert made.shape == (len(golden), 6)
    assert np.allclose(made, golden, atol=2e-3 * max(unit) ** 0.5)
