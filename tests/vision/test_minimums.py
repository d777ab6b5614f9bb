from __future__ import annotations

from vision.minimums import Minimums


def test_a_label_has_its_own_minimum_or_the_default() -> None:
    minimums = Minimums(0.3, {"Cat": 0.8})
    assert minimums["cat"] == 0.8
    assert minimums["dog"] == 0.3
    assert minimums.of(["CAT", "dog"]).tolist() == [0.8, 0.3]
