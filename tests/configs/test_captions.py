"""What sentence belongs to a picture of the test pattern, and which others are true of it as well."""

import itertools

import numpy as np
import pytest

from cameras import BoundingBox
from cameras.pattern.scene import Scene, Thing
from configs.training.caption_pictures import PICTURES_PER_CHUNK, chunk, whereabouts
from configs.training.captions import END, MOST_WORDS, WORDS, caption, is_true, tokens


def thing(label: str, color: str, x: float, y: float, side: float = 0.1) -> Thing:
    """Return a square thing around a place."""
    return Thing(label, color, BoundingBox(x - side / 2, y - side / 2, x + side / 2, y + side / 2), 1000)


FRONT = thing("star", "red", 0.5, 0.5, 0.4)


@pytest.mark.parametrize(
    ("others", "sentence", "clear"),
    [
        ((), "a red star", True),
        ((thing("circle", "blue", 0.5, 0.9),), "a red star above a blue circle", True),
        ((thing("circle", "orange", 0.5, 0.1),), "a red star below an orange circle", True),
        ((thing("circle", "blue", 0.1, 0.5),), "a red star", True),
        ((thing("mug", "pink", 0.55, 0.9), thing("moon", "teal", 0.5, 0.1)), "a red star below a teal moon", True),
        ((thing("mug", "pink", 0.50, 0.9), thing("moon", "teal", 0.51, 0.1)), "a red star above a pink mug", False),
        ((thing("mug", "pink", 0.69, 0.9),), "a red star above a pink mug", False),
        ((thing("heart", "green", 0.5, 0.9, 0.39),), "a red star above a green heart", False),
    ],
)
def test_the_thing_in_front_is_named_with_what_is_most_nearly_straight_above_or_below(
    others: tuple[Thing, ...], sentence: str, clear: bool
) -> None:
    assert caption((*others, FRONT)) == (sentence, clear)


def test_where_there_is_nothing_it_says_so() -> None:
    assert caption(()) == ("nothing known", True)
    assert is_true("nothing known", ())
    assert not is_true("a red star", ())


def test_sentences_beside_the_one_may_be_true() -> None:
    things = (thing("mug", "pink", 0.6, 0.9), thing("moon", "teal", 0.5, 0.1), thing("cross", "blue", 0.9, 0.5), FRONT)
    assert caption(things)[0] == "a red star below a teal moon"
    for sentence in ("a red star below a teal moon", "a red star above a pink mug", "a red star"):
        assert is_true(sentence, things)
    for sentence in (
        "a red star above a teal moon",
        "a red star below a pink mug",
        "a red star above a blue cross",
        "a red star above a blue mug",
        "a pink mug",
        "nothing known",
        "",
    ):
        assert not is_true(sentence, things)


def test_words_are_numbered_once_and_sentences_fit() -> None:
    assert len(set(WORDS)) == len(WORDS)
    assert tokens("nothing known")[2:] == [END] * (MOST_WORDS - 2)
    longest = tokens("an orange star above an orange circle")
    assert len(longest) == MOST_WORDS and longest[-1] == END
    assert " ".join(WORDS[number] for number in longest[:-1]) == "an orange star above an orange circle"


def test_every_sentence_of_the_scene_is_true_of_it() -> None:
    for seed, number in itertools.product(range(4), (0, 130, 143, 900)):
        things = Scene(seed, 320, 180).render(number).things
        assert is_true(caption(things)[0], things)


def test_pictures_to_train_from_come_again_and_are_mostly_clear() -> None:
    first, again = list(chunk(7)), list(chunk(7))
    assert len(first) == PICTURES_PER_CHUNK
    for (image, things), (same, same_things) in zip(first, again, strict=True):
        assert np.array_equal(image, same)
        assert things == same_things
    assert sum(caption(things)[1] for _, things in first) > 0.7 * PICTURES_PER_CHUNK
    assert any(not things for _, things in first)


def test_a_thing_lies_in_the_cells_well_inside_its_box() -> None:
    grid = whereabouts((FRONT, thing("circle", "blue", 0.05, 0.95)), 10)
    red_star, blue_circle = grid[5, 5], grid[9, 0]
    assert len({0, int(red_star), int(blue_circle)}) == 3
    assert np.argwhere(grid == red_star).tolist() == [[y, x] for y in range(4, 6) for x in range(4, 6)]
    assert np.argwhere(grid == blue_circle).tolist() == [[9, 0]]
