"""How the boxes of served frames are compared with the true ones."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest

from benchmarks.figures import slow_model
from benchmarks.figures.slow_model import Boxes, mean_overlap, staying
from cameras import BoundingBox, Frame, Pixels
from cameras.pattern import Scene


def moving(number: int) -> Boxes:
    """Return the true boxes of a scene in which a ball moves by a hundredth of its width each frame."""
    return {"ball": BoundingBox(0.002 * number, 0.4, 0.2 + 0.002 * number, 0.6), "post": BoundingBox(0.4, 0, 0.5, 1)}


def test_a_frame_with_its_true_boxes_has_the_overlap_one() -> None:
    assert mean_overlap({number: moving(number) for number in (3, 7)}, moving) == 1


def test_a_box_that_is_not_carried_counts_as_no_overlap() -> None:
    assert mean_overlap({3: {"post": moving(3)["post"]}, 7: {}}, moving) == 0.25


def test_boxes_that_stay_are_as_old_as_the_model_makes_them() -> None:
    shares = [1 - 0.01 * age for age in range(slow_model.LATE, 2 * slow_model.LATE)]
    ball = sum(share / (2 - share) for share in shares) / len(shares)
    assert staying([40, 41], moving) == pytest.approx((ball + 1) / 2)


def test_the_plugin_knows_the_true_boxes_and_notes_those_that_a_frame_carries(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    plugin: dict[str, Any] = {}
    exec(slow_model._PLUGIN, plugin)
    picture = Scene(0, slow_model.WIDTH_PX, slow_model.HEIGHT_PX).render(41)
    frame = Frame(Pixels.from_bgr(picture.image), 0, Fraction(1, 30), 0.0)
    model = plugin["Slow"]("things", plugin["SlowAttributes"](seconds=0.001))
    noted = plugin["Noted"](plugin["Noted"].attributes_type(), {})
    with model.open_session() as session:
        frame = frame.with_annotations(session.predict(next(iter(model._predictors())), frame))
    noted.open()
    noted.apply(frame)
    noted.close()
    number, boxes = json.loads((tmp_path / slow_model._SEEN).read_text("utf-8"))
    assert number == 41
    assert {label: BoundingBox(*box) for label, box in boxes.items()} == {
        each.label: each.box for each in picture.things
    }
