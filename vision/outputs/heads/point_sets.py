"""The names of a model's keypoints and the lines between them: those in the model file, else those of a known set."""

from __future__ import annotations

import ast
from typing import Any, NamedTuple

from cameras import one_line

from .evidence import Evidence

_MOST = 1000  # points of an object


class PointSet(NamedTuple):
    """The points that each object of a model has.

    Attributes:
        names: Their names, in the order of the model.
        skeleton: Pairs of places in ``names`` that a line joins.
        because: Where the names are from, as a sentence without a full stop.
    """

    names: tuple[str, ...]
    skeleton: tuple[tuple[int, int], ...] = ()
    because: str = ""


_SIDES = ("eye", "ear", "shoulder", "elbow", "wrist", "hip", "knee", "ankle")
_FINGERS = {"thumb": ("cmc", "mcp", "ip", "tip")} | dict.fromkeys(
    ("index", "middle", "ring", "pinky"), ("mcp", "pip", "dip", "tip")
)

PERSON = PointSet(
    ("nose", *(f"{side}_{part}" for part in _SIDES for side in ("left", "right"))),
    (
        *((0, 1), (0, 2), (1, 2), (1, 3), (2, 4), (3, 5), (4, 6)),  # head
        *((5, 6), (5, 7), (6, 8), (7, 9), (8, 10)),  # arms
        *((5, 11), (6, 12), (11, 12), (11, 13), (12, 14), (13, 15), (14, 16)),  # body and legs
    ),
    "17 points are those of a person in COCO",
)
"""The keypoints of a person in COCO's data set, in its order, as MoveNet, YOLO and most others have them."""

HAND = PointSet(
    ("wrist", *(f"{finger}_{joint}" for finger, joints in _FINGERS.items() for joint in joints)),
    (
        *((0, first) for first in (1, 5, 9, 13, 17)),
        *((place, place + 1) for first in (1, 5, 9, 13, 17) for place in range(first, first + 3)),
        *((5, 9), (9, 13), (13, 17)),
    ),
    "21 points are those of a hand",
)
"""The keypoints of a hand, in the order of MediaPipe and of Ultralytics' ``hand-keypoints``."""

_KNOWN = {len(known.names): known for known in (PERSON, HAND)}


def point_set(model: Evidence, count: int) -> PointSet:
    """Return the names and lines of a model's points.

    The model file may have them as Ultralytics' exports do (``kpt_names``), and lines as ``skeleton``, pairs of
    places. Both are ignored if they do not fit the number of points.
    """
    known = _KNOWN.get(count)
    names = _names(_literal(model.metadata.properties.get("kpt_names", "")), count)
    lines = _lines(_literal(model.metadata.properties.get("skeleton", "")), count)
    if not names:
        because = known.because if known else "the model file does not name its points; they are named by their numbers"
        names = known.names if known else tuple(f"point {place}" for place in range(count))
    else:
        because = "the model file names its points"
    if not lines and known is not None and names == known.names:
        lines = known.skeleton
    return PointSet(names, lines, because)


def _literal(text: str) -> Any:
    try:
        return ast.literal_eval(text) if len(text) < 100_000 else None
    except (ValueError, SyntaxError, MemoryError, RecursionError):
        return None


def _names(value: Any, count: int) -> tuple[str, ...]:
    """Return as many names, from a list or from a list for each class, of which the first counts."""
    if isinstance(value, dict):
        value = next(iter(value.values()), None)
    if not isinstance(value, list | tuple) or len(value) != count:
        return ()
    return tuple(one_line(str(name)) for name in value)


def _lines(value: Any, count: int) -> tuple[tuple[int, int], ...]:
    if not isinstance(value, list | tuple) or len(value) > _MOST:
        return ()
    pairs = [tuple(pair) if isinstance(pair, list | tuple) else () for pair in value]
    fits = all(len(pair) == 2 and all(type(end) is int and 0 <= end < count for end in pair) for pair in pairs)
    return tuple((pair[0], pair[1]) for pair in pairs) if fits else ()
