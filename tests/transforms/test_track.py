from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
import pytest

from cameras import Detection, Frame
from tests.harness import through
from tests.transforms.pictures import DOG, bgr, detection
from tests.transforms.refusals import refusals
from transforms.track import Track, TrackAttributes


def at(seconds: float, *things: Any) -> Frame:
    return dataclasses.replace(bgr(4, 2, *things), pts=round(seconds * 90_000))


def box(x: float, y: float, size: float = 0.1, label: str = "ball") -> Detection:
    return detection(x, y, x + size, y + size, label)


def track(**attributes: Any) -> Track:
    return Track(TrackAttributes.model_validate(attributes), {})


def numbers(frame: Frame) -> list[int | None]:
    return [thing.track_id for thing in frame.annotations if isinstance(thing, Detection)]


def tracked(*frames: Frame, **attributes: Any) -> list[list[int | None]]:
    return [numbers(frame) for frame in through(track(**attributes), *frames)]


def test_objects_are_numbered_from_one_and_keep_their_numbers() -> None:
    frames = [at(n / 10, box(0.1 + n / 50, 0.1), box(0.8 - n / 50, 0.8)) for n in range(10)]
    assert tracked(*frames) == [[1, 2]] * 10


def test_the_order_of_the_detections_does_not_matter() -> None:
    assert tracked(at(0, box(0.1, 0.1), box(0.8, 0.8)), at(0.1, box(0.8, 0.8), box(0.1, 0.1))) == [[1, 2], [2, 1]]


def test_only_the_number_changes() -> None:
    frame = at(0, DOG, box(0.1, 0.1))
    (out,) = through(track(), frame)
    assert out.pixels is frame.pixels
    assert out.annotations == (DOG, dataclasses.replace(box(0.1, 0.1), track_id=1))


def test_objects_that_pass_each_other_keep_their_numbers() -> None:
    """Two balls meet in the middle: there each box matches both, and only the speed distinguishes them."""
    frames = [at(n / 30, box(0.1 + 0.02 * n, 0.42), box(0.8 - 0.02 * n, 0.5)) for n in range(36)]
    assert tracked(*frames) == [[1, 2]] * 36


def test_a_small_fast_object_keeps_its_number() -> None:
    frames = [at(n / 10, box(0.03 * n, 0.5, size=0.04)) for n in range(20)]
    faster = [at(n / 10, box(0.045 * n, 0.5, size=0.04)) for n in range(20)]
    assert tracked(*frames) == [[1]] * 20
    assert numbers(through(track(), at(0, box(0, 0.5, 0.04)), *faster[1:])[-1])[0] is not None


def test_an_object_keeps_its_number_within_max_age_s() -> None:
    moving = [at(n / 10, box(0.05 + 0.03 * n, 0.5)) for n in range(8)]
    gone = [at(n / 10) for n in range(8, 14)]
    back = [at(n / 10, box(0.05 + 0.03 * n, 0.5)) for n in range(14, 18)]
    assert tracked(*moving, *gone, *back) == [[1]] * 8 + [[]] * 6 + [[1]] * 4


def test_an_object_gets_a_new_number_after_max_age_s() -> None:
    assert tracked(at(0, box(0.1, 0.1)), at(2, box(0.1, 0.1)), max_age_s=1.5) == [[1], [2]]
    assert tracked(at(0, box(0.1, 0.1)), at(2, box(0.1, 0.1)), max_age_s=2) == [[1], [1]]


def test_by_label_chooses_whether_the_label_may_change() -> None:
    frames = at(0, box(0.1, 0.1, label="dog")), at(0.1, box(0.1, 0.1, label="cat"))
    assert tracked(*frames) == [[1], [2]]
    assert tracked(*frames, by_label=False) == [[1], [1]]
    assert tracked(frames[0], at(0.1, box(0.1, 0.1, label="Dog"))) == [[1], [1]]


def test_a_distant_box_is_another_object() -> None:
    assert tracked(at(0, box(0.1, 0.1)), at(0.1, box(0.7, 0.7))) == [[1], [2]]


def test_a_much_larger_box_is_another_object() -> None:
    assert tracked(at(0, box(0.4, 0.4, 0.05)), at(0.1, box(0.2, 0.2, 0.5))) == [[1], [2]]


def test_each_object_has_its_own_number() -> None:
    crowd = [box(0.1, 0.1) for _ in range(5)]
    first, second = tracked(at(0, *crowd), at(0.1, *crowd))
    assert sorted(number or 0 for number in first) == sorted(number or 0 for number in second) == [1, 2, 3, 4, 5]


def test_only_wanted_labels_are_tracked() -> None:
    assert tracked(at(0, box(0.1, 0.1), box(0.5, 0.5, label="Person")), valid_labels=["person"]) == [[None, 1]]


def test_time_that_stops_or_goes_back_is_accepted() -> None:
    assert tracked(at(1, box(0.1, 0.1)), at(1, box(0.12, 0.1)), at(0, box(0.12, 0.1))) == [[1], [1], [2]]


def test_numbers_are_not_reused_after_a_pause() -> None:
    transform = track()
    assert numbers(through(transform, at(0, box(0.1, 0.1)))[0]) == [1]
    assert numbers(through(transform, at(0.1, box(0.1, 0.1)))[0]) == [2]


@pytest.mark.parametrize("edges", [(0.5, 0.5, 0.5, 0.5), (float("nan"), 0, 1, 1), (-9, -9, 9, 9)])
def test_any_box_is_accepted(edges: tuple[float, float, float, float]) -> None:
    assert len(tracked(*[at(n / 10, detection(*edges), box(0.2, 0.2)) for n in range(3)])) == 3


def test_many_objects_with_noisy_boxes_and_gaps_keep_most_numbers() -> None:
    random = np.random.default_rng(7)
    starts, ways = random.uniform(0.1, 0.8, (8, 2)), random.uniform(-0.1, 0.1, (8, 2))
    given: list[dict[int, int]] = []
    frames, shown = [], []
    for n in range(90):
        middles = starts + ways * n / 30 + random.normal(0, 0.003, (8, 2))
        seen = [index for index in range(8) if random.random() > 0.1]
        shown.append(seen)
        places = middles.tolist()
        frames.append(at(n / 30, *(box(places[index][0], places[index][1], 0.08) for index in seen)))
    for seen, found in zip(shown, tracked(*frames), strict=True):
        given.append({index: number or 0 for index, number in zip(seen, found, strict=True)})
    kept = [set(numbers[index] for numbers in given if index in numbers) for index in range(8)]
    assert sum(len(numbers) for numbers in kept) <= 10


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("iou_threshold", 0, "Input should be greater than 0"),
        ("max_age_s", -1, "Input should be greater than 0"),
        ("valid_labels", "person", "Input should be a valid tuple"),
    ],
)
def test_wrong_values_are_refused(name: str, value: object, message: str) -> None:
    assert refusals(TrackAttributes, **{name: value}) == [(name, message)]
