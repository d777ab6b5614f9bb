"""Properties of every annotation, and of every kind of prediction in the table."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from cameras import (
    PREDICTIONS,
    Annotation,
    BoundingBox,
    Caption,
    Classification,
    Detection,
    Keypoint,
    Keypoints,
    Prediction,
    Segmentation,
    as_mask,
)
from tests.cameras.annotations.movements import NOWHERE

CORNERS = ((0.375, 0.25), (0.5, 0.5), (0.375, 0.75), (0.25, 0.5))
BOX = BoundingBox(0.25, 0.25, 0.5, 0.75)
EXAMPLES: list[Prediction] = [
    Classification("star", 0.75),
    Detection("star", 0.75, box=BOX),
    Detection("star", 0.75, box=BOX, track_id=3),
    Segmentation("star", 0.75, mask=as_mask(np.eye(4, dtype=bool))),
    Caption("a star", 0.75),
    Detection("star", 0.75, box=BOX, polygon=CORNERS, mask=as_mask(np.eye(4, dtype=bool))),
    Keypoints(
        "star", 0.75, points=(Keypoint("tip", 0.5, 0.25, 0.9), Keypoint("foot", 0.5, 2.0, 0.1)), skeleton=((0, 1),)
    ),
]


class Painted:
    """A canvas that notes what it is asked for."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, tuple[Any, ...]]] = []

    def __getattr__(self, name: str) -> Any:
        return lambda *args: self.calls.append((name, args))


def test_every_kind_has_an_example() -> None:
    assert {type(example) for example in EXAMPLES} == set(PREDICTIONS.values())


@pytest.mark.parametrize("plural", PREDICTIONS)
def test_the_table_agrees_with_the_classes(plural: str) -> None:
    kind = PREDICTIONS[plural]
    assert (kind.plural, kind.kind) == (plural, plural.removesuffix("s"))
    assert kind.__doc__ and kind.item.__doc__
    assert kind.masks <= set(kind.item.model_fields)


@pytest.mark.parametrize("example", EXAMPLES)
def test_the_item_schema_describes_the_wire(example: Prediction) -> None:
    wire, fields = example.to_wire(64, 48), example.item.model_fields
    example.item.model_validate(wire, strict=True)
    assert set(wire) <= set(fields)
    assert {name for name, field in fields.items() if field.is_required()} <= set(wire)
    assert example.to_wire(64, 48, masks=False) == {name: wire[name] for name in wire if name not in example.masks}


@pytest.mark.parametrize("example", EXAMPLES)
def test_each_kind_is_painted_with_its_label_once(example: Prediction) -> None:
    painted = Painted()
    example.paint(painted)
    labels = [args[-1] for _, args in painted.calls]
    assert [label.text for label in labels if label.text or label.figures] == [example.label]


def test_a_plain_annotation_is_a_line_in_the_corner() -> None:
    annotation, painted = Annotation("night", 0.5), Painted()
    annotation.paint(painted)
    [(method, [label])] = painted.calls
    assert (method, label.text + label.figures) == ("title", "night: 0.50")
    assert annotation.moved(NOWHERE) is annotation


def test_predictions_rank_by_confidence_by_default() -> None:
    assert Classification("star", 0.0).rank(64, 48) == 0.0
    assert Segmentation("star", 0.9, mask=as_mask(np.zeros((4, 4), bool))).rank(64, 48) is None


def test_an_annotation_records_its_transform_and_service() -> None:
    attached = Classification("star", 0.9).attached_by("classifications", "shapes")
    assert (attached.transform, attached.service, attached.kind) == ("classifications", "shapes", "classification")
