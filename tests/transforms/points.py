"""An annotation at a point, to compare the mapping of points with that of boxes."""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any, ClassVar, Self

import numpy as np
import pytest

from cameras import Annotation, BoundingBox, Detection, Frame, Movement
from tests.harness import through
from transforms import Transform

TINY = 1e-5


@dataclass(frozen=True, slots=True)
class Spot(Annotation):
    """A point, also outside the frame."""

    kind: ClassVar[str] = "spot"

    at: tuple[float, float] = dataclasses.field(kw_only=True)

    def moved(self, movement: Movement) -> Self:
        """Return the point at its new position, also outside the frame."""
        [[x, y]] = movement.points(np.array([self.at])).tolist()
        return dataclasses.replace(self, at=(x, y))


def points_move_as_boxes_do(transform: Transform[Any], frame: Frame) -> None:
    """Check for many points that each moves, and leaves the frame, as a tiny box around it does."""
    places = np.random.default_rng(5).random((40, 2)).tolist()
    spots = [Spot("spot", 1.0, at=(x, y)) for x, y in places]
    boxes = [Detection("box", 1.0, box=BoundingBox(x - TINY, y - TINY, x + TINY, y + TINY)) for x, y in places]
    pairs = zip(spots, boxes, strict=True)
    went = [through(transform, dataclasses.replace(frame, annotations=pair))[0].annotations for pair in pairs]
    stayed = [pair for pair in went if len(pair) == 2]
    assert len(stayed) > 5
    for left in went:
        spot = left[0]
        assert isinstance(spot, Spot)
        inside = all(0 <= place <= 1 for place in spot.at)
        assert inside == (len(left) == 2), spot
        if inside:
            assert isinstance(left[1], Detection)
            box = left[1].box
            middle = (box.x_min + box.x_max) / 2, (box.y_min + box.y_max) / 2
            assert spot.at == pytest.approx(middle, abs=10 * TINY)
