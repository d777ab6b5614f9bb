"""The training data; the training itself needs TensorFlow and takes minutes."""

import itertools

import numpy as np
import pytest

from configs.training.clutter import clutter
from configs.training.pictures import LABELS, PICTURES_PER_CHUNK, Example, chunk, shrunk
from configs.training.train import dominant


@pytest.fixture(scope="module")
def examples() -> list[Example]:
    return list(chunk(7))


def test_a_picture_depends_only_on_its_number(examples: list[Example]) -> None:
    for one, again in itertools.islice(zip(examples, chunk(7), strict=False), 12):
        assert np.array_equal(one.image, again.image) and np.array_equal(one.boxes, again.boxes)
    other = next(chunk(8))
    assert other.image.shape != examples[0].image.shape or not np.array_equal(other.image, examples[0].image)


def test_labelled_boxes_are_inside_the_picture(examples: list[Example]) -> None:
    assert len(examples) == PICTURES_PER_CHUNK
    boxes = np.concatenate([example.boxes for example in examples])
    assert set(boxes[:, 0].astype(int)) == set(range(len(LABELS)))
    assert np.all((boxes[:, 1:] >= 0) & (boxes[:, 1:] <= 1)) and np.all(boxes[:, 3:] > boxes[:, 1:3])


def test_some_pictures_are_empty(examples: list[Example]) -> None:
    empty = sum(len(example.boxes) == 0 for example in examples)
    assert 2 <= empty <= PICTURES_PER_CHUNK // 3


def test_a_picture_is_stretched_to_the_input_of_a_model(examples: list[Example]) -> None:
    small = shrunk(examples[0].image, 96, np.random.default_rng(0))
    assert small.shape == (96, 96, 3) and small.dtype == np.uint8


def test_clutter_has_the_requested_size_and_is_random() -> None:
    random = np.random.default_rng(0)
    one, other = clutter(120, 80, random), clutter(120, 80, random)
    assert one.shape == (80, 120, 3) and not np.array_equal(one, other)


def test_the_label_is_the_largest_object_and_ambiguous_pictures_have_no_weight() -> None:
    none, large, small = (-1, 0, 0, 0, 0), (3, 0.1, 0.1, 0.7, 0.7), (5, 0.8, 0.8, 0.95, 0.95)
    as_large = (6, 0.4, 0.4, 1.0, 0.99)
    boxes = np.array([[large, small], [small, none], [none, none], [large, as_large], [small, large]], np.float32)
    labels, weights = dominant(boxes)
    assert labels.tolist() == [3, 5, len(LABELS), 3, 3]
    assert weights.tolist() == [1, 1, 1, 0, 1]
