from __future__ import annotations

import pytest

from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.point_sets import HAND, PERSON, PointSet, point_set
from vision.runtimes import Metadata


def points(count: int, **properties: str) -> PointSet:
    return point_set(Evidence({}, (64, 64), metadata=Metadata(properties=properties)), count)


def test_known_sets_are_named_by_their_number() -> None:
    assert points(17) == PERSON
    assert points(21) == HAND
    assert (PERSON.names[9], HAND.names[8], len(HAND.skeleton)) == ("left_wrist", "index_tip", 23)
    for known in (PERSON, HAND):
        assert len(set(known.names)) == len(known.names)
        assert {end for pair in known.skeleton for end in pair} == set(range(len(known.names)))


def test_unknown_points_are_numbered() -> None:
    assert points(2)[:2] == (("point 0", "point 1"), ())


@pytest.mark.parametrize("names", ["{0: ['head', 'tail']}", "['head', 'tail']"])
def test_the_model_file_names_points_and_lines(names: str) -> None:
    wanted = PointSet(("head", "tail"), ((0, 1),), "the model file names its points")
    assert points(2, kpt_names=names, skeleton="[[0, 1]]") == wanted


def test_the_names_of_a_known_set_have_its_lines() -> None:
    assert points(17, kpt_names=str({0: list(PERSON.names)})).skeleton == PERSON.skeleton
    assert points(17, kpt_names=str([f"p{n}" for n in range(17)])).skeleton == ()


@pytest.mark.parametrize(
    "properties",
    [
        {"kpt_names": "['head']", "skeleton": "[[0, 2]]"},
        {"kpt_names": "head, tail", "skeleton": "[[0]]"},
        {"kpt_names": "{}", "skeleton": "[[-1, 0]]"},
        {"kpt_names": "(" * 5000, "skeleton": "[[0, 1.0]]"},
        {"kpt_names": "[" + "'a'," * 100_000 + "]", "skeleton": "[[True, False]]"},
        {"kpt_names": "7", "skeleton": str([[0, 1]] * 1001)},
    ],
)
def test_what_does_not_fit_is_ignored(properties: dict[str, str]) -> None:
    assert points(2, **properties)[:2] == (("point 0", "point 1"), ())


def test_names_are_one_line() -> None:
    assert points(1, kpt_names=str(["a\nb\x1b"])).names != ("a\nb\x1b",)
