from __future__ import annotations

import numpy as np
import pytest

from vision import ModelError
from vision.outputs.heads import mediapipe
from vision.outputs.heads.anchors import anchor_count
from vision.outputs.heads.efficientdet import decode, find
from vision.outputs.heads.evidence import squeezed
from vision.outputs.heads.table import find_head

from .expected_boxes import assert_given
from .given import ran

SIZE = (512, 512)
COUNT = 49104


def encoded(place: int, count: int, columns: int) -> list[np.ndarray[tuple[int, ...], np.dtype[np.float32]]]:
    """Return outputs with one thing at an anchor: half an anchor down, a quarter right, twice as high, as wide."""
    boxes, scores = np.zeros((count, 4), np.float32), np.full((count, columns), -8.0, np.float32)
    boxes[place] = [0.5, 0.25, np.log(2), 0.0]
    scores[place, columns - 1] = 2.0
    return [boxes, scores]


def test_an_anchor_is_placed_as_the_original_places_it() -> None:
    """By hand, after ``keras/anchors.py``: scale 1 and ratio 2 of the cell in row 2, column 5 of the second level."""
    place = 64 * 64 * 9 + (2 * 32 + 5) * 9 + 1 * 3 + 1
    base = 4 * 16 * 2 ** (1 / 3)
    width, height = base * 2**0.5, base / 2**0.5
    x, y = 5.5 * 16 + 0.25 * width, 2.5 * 16 + 0.5 * height
    found = decode(encoded(place, COUNT, 90), SIZE, 90, activation="sigmoid")
    golden = (x - width / 2, y - height, x + width / 2, y + height, 0.8808, 89)
    assert_given(found, [golden], SIZE)


@pytest.mark.parametrize("planes_first", [False, True])
def test_a_map_for_each_level_is_the_same(planes_first: bool) -> None:
    columns, size = 5, (256, 128)
    boxes, scores = encoded(700, anchor_count(size, 7), columns)
    maps: dict[str, np.ndarray[tuple[int, ...], np.dtype[np.float32]]] = {}
    start = 0
    for level in range(3, 8):
        across, down = size[0] >> level, size[1] >> level
        end = start + across * down * 9
        for name, values in (("box", boxes), ("class", scores)):
            made = values[start:end].reshape(1, down, across, -1)
            maps[f"{name}_net_{level}"] = np.moveaxis(made, -1, 1) if planes_first else made
        start = end
    evidence = ran(maps, size)
    match = find(evidence)
    assert match is not None and match.decode is not None
    assert (match.classes, match.is_certain, match.activation) == (columns, True, "sigmoid")
    outputs = [maps[name].reshape(squeezed(maps[name].shape))[0] for name in match.outputs]
    whole, by_level = decode([boxes, scores], size, columns, activation="sigmoid"), match.decode(outputs, size, columns)
    assert len(whole.scores) == 1
    for own, other in zip(whole[:3], by_level[:3], strict=True):
        assert own is not None and other is not None and own.tolist() == other.tolist()


@pytest.mark.parametrize(
    ("names", "columns", "is_certain"),
    [
        (("b", "s"), 90, True),
        (("regression", "classification"), 80, False),  # keras-retinanet
        (("regression", "classification", "anchors"), 80, True),
        (("box_net/concat", "class_net/concat"), 3, True),
    ],
)
def test_labels_or_names_tell_it_from_retinanet(names: tuple[str, ...], columns: int, is_certain: bool) -> None:
    shapes = zip(names, ((1, COUNT, 4), (1, COUNT, columns), (1, COUNT, 4)), strict=False)
    match = find(ran(dict(shapes), SIZE))
    assert match is not None and match.is_certain == is_certain


def test_boxes_that_may_be_those_of_retinanet_are_refused() -> None:
    evidence = ran({"b": (1, COUNT, 4), "s": (1, COUNT, 80)}, SIZE)
    with pytest.raises(ModelError) as caught:
        find_head(None, evidence)
    assert str(caught.value) == (
        "its output b [1, 49104, 4] has boxes relative to nine anchors per cell, but nothing says to which: declare "
        "head: efficientdet or head: mediapipe if it is one of these; RetinaNet is not supported; export it with its "
        "post-processing, so that the outputs are boxes, scores and classes"
    )
    assert find_head("efficientdet", evidence) is not None


@pytest.mark.parametrize(
    ("size", "count", "columns", "own", "of_mediapipe"),
    [
        (512, 49104, 90, True, False),
        (320, 19206, 90, True, False),
        (256, 12276, 2, False, True),
        (320, 19125, 3, False, True),
        (384, 27621, 90, True, False),
        (384, 27621, 5, False, True),
    ],
)
def test_size_and_columns_tell_it_from_mediapipe(
    size: int, count: int, columns: int, own: bool, of_mediapipe: bool
) -> None:
    names = ("StatefulPartitionedCall:0", "StatefulPartitionedCall:1")
    evidence = ran(dict(zip(names, ((1, count, 4), (1, count, columns)), strict=True)), (size, size))
    matches = find(evidence), mediapipe.find(evidence)
    assert [match is not None and match.is_certain for match in matches] == [own, of_mediapipe]
    assert find(ran({"boxes": (1, count - 9, 4), "scores": (1, count - 9, columns)}, (size, size))) is None
