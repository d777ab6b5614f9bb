"""True sentences about a picture of the test pattern: the grammar and the ground truth of the captioner.

========================================  ==============================================================================
sentence                                  when it is the one
========================================  ==============================================================================
``a red star above a blue circle``        the thing in front, and the one that lies most nearly straight below it
``a red star below a blue circle``        the same, where the one straight above it is the nearer to straight
``a red star``                            nothing lies within 26 degrees of straight above or below
``nothing known``                         no thing of ours is there
========================================  ==============================================================================

In front is the thing with the largest box. Angles are measured in the picture made square, which is how the network
sees it. Where a choice is close another sentence is true as well: :func:`is_true` accepts it.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

from cameras.pattern.scene import Thing
from cameras.pattern.shapes import COLORS, SHAPES

NOTHING = "nothing known"
MOST_DEGS = 26.0  # off straight up or down; half of what lies between two things of the ring

_TRUE_DEGS = 35.0  # up to here the sentence still counts as true
_LEAD = 1.1  # an object this much larger than the next one is clearly in front
_LEAST_AREA = 0.02  # of the picture; smaller objects are not described
_CLEAR_DEGS = 2.5  # an object this much nearer to straight is clearly the one

WORDS = ("<end>", "<start>", "a", "an", "above", "below", *NOTHING.split(), *COLORS, *SHAPES)
"""The vocabulary, in the order of the token numbers."""

MOST_WORDS = 8  # of a sentence, the end included
END, START = 0, 1


def caption(things: Sequence[Thing]) -> tuple[str, bool]:
    """Return the sentence for a picture, and whether no other sentence fits as well."""
    if not things:
        return NOTHING, True
    ranked = sorted(things, key=lambda thing: -thing.area)
    front, others = ranked[0], ranked[1:]
    clear = front.area > _LEAST_AREA and (not others or front.area > _LEAD * others[0].area)
    placed = sorted((_off_straight_degs(front, other)[0], index) for index, other in enumerate(others))
    if not placed or placed[0][0] > MOST_DEGS:
        return _named(front), clear and (not placed or placed[0][0] > MOST_DEGS + _CLEAR_DEGS)
    clear = clear and placed[0][0] < MOST_DEGS - _CLEAR_DEGS
    clear = clear and (len(placed) == 1 or placed[1][0] > placed[0][0] + _CLEAR_DEGS)
    other = others[placed[0][1]]
    relation = "above" if _off_straight_degs(front, other)[1] else "below"
    return f"{_named(front)} {relation} {_named(other)}", clear


def is_true(sentence: str, things: Sequence[Thing]) -> bool:
    """Return whether a sentence is true of a picture, even if another one fits better."""
    if not things:
        return sentence == NOTHING
    largest = max(thing.area for thing in things)
    for front in (thing for thing in things if thing.area * _LEAD >= largest):
        if sentence == _named(front):
            return True
        for other in things:
            off_degs, is_below = _off_straight_degs(front, other)
            said = f"{_named(front)} {'above' if is_below else 'below'} {_named(other)}"
            if other is not front and off_degs <= _TRUE_DEGS and sentence == said:
                return True
    return False


def tokens(sentence: str) -> list[int]:
    """Return the token numbers of a sentence, padded with end tokens."""
    numbers = [WORDS.index(word) for word in sentence.split()]
    return [*numbers, *[END] * (MOST_WORDS - len(numbers))]


def _named(thing: Thing) -> str:
    return f"{'an' if thing.color[0] in 'aeiou' else 'a'} {thing.color} {thing.label}"


def _off_straight_degs(front: Thing, other: Thing) -> tuple[float, bool]:
    """Return by how many degrees another object is off straight above or below, and whether it is below."""
    x = (other.box.x_min + other.box.x_max - front.box.x_min - front.box.x_max) / 2
    y = (other.box.y_min + other.box.y_max - front.box.y_min - front.box.y_max) / 2
    return math.degrees(math.atan2(abs(x), abs(y))), y > 0
