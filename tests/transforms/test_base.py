from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from cameras import Frame
from tests.harness import through
from tests.transforms.pictures import bgr
from transforms import NoAttributes, Transform
from transforms.base import read_only


class Plain(Transform[NoAttributes]):
    """A minimal transform."""

    type_name = "plain"
    attributes_type = NoAttributes

    def apply(self, frame: Frame) -> Frame:
        return frame


def test_a_minimal_transform_needs_nothing() -> None:
    assert list(Plain.needs(NoAttributes())) == []
    plain = Plain(NoAttributes(), {})
    assert (plain.annotates, plain.needs_depth, plain.needs_lens, plain.failure) == (False, False, (), None)
    frame = bgr(8, 6)
    assert through(plain, frame) == [frame]


@pytest.mark.parametrize(
    ("lost", "sentence"),
    [({"depth": None}, "the depth is lost"), ({"intrinsics": None}, "the lens is lost"), ({"distortion": ()}, None)],
)
def test_the_harness_finds_a_transform_that_loses_depth_or_lens(lost: dict[str, Any], sentence: str | None) -> None:
    class Loses(Plain):
        def apply(self, frame: Frame) -> Frame:
            return dataclasses.replace(frame, **lost)

    with pytest.raises(AssertionError, match=sentence):
        through(Loses(NoAttributes(), {}), bgr(8, 6))


def test_shared_arrays_are_read_only() -> None:
    array = read_only(np.zeros(3))
    with pytest.raises(ValueError, match="read-only"):
        array[0] = 1
