"""Classifications."""

from __future__ import annotations

from cameras import Classification
from tests.cameras.annotations.movements import NOWHERE


def test_a_classification_is_not_moved() -> None:
    classification = Classification("star", 0.9)
    assert classification.moved(NOWHERE) is classification


def test_a_classification_on_the_wire_is_a_name_and_a_confidence() -> None:
    assert Classification("cat", 0.5).to_wire(640, 480) == {"class_name": "cat", "confidence": 0.5}
