"""Outlines, which are painted but are not predictions."""

from __future__ import annotations

from cameras import BoundingBox, Outline, Prediction
from tests.cameras.annotations.movements import NOWHERE


def test_an_outline_is_not_a_prediction() -> None:
    outline = Outline("crop", 1.0, box=BoundingBox(0, 0, 1, 1))
    assert not isinstance(outline, Prediction)
    assert outline.moved(NOWHERE) is None
