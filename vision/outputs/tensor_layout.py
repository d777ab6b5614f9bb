"""The tensor layout of a detector: the role of each output, by its name, shape and values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from ..runtimes import ModelError, Tensor

LOCATION, CATEGORY, SCORE, COUNT = "location", "category", "score", "count"
EXPECTED = (LOCATION, CATEGORY, SCORE, COUNT)

Samples = Sequence[Mapping[str, Tensor]]


@dataclass(frozen=True)
class TensorLayout:
    """The role of each output of a detector, as names in the model.

    Attributes:
        location: Boxes, [1, boxes, 4].
        score: Confidences, [1, boxes], or [1, boxes, labels].
        category: Class numbers, [1, boxes]; ``None`` if the score has a column per label, or there is one label.
        count: Number of valid rows, [1]; ``None`` if all are valid.
    """

    location: str
    score: str
    category: str | None = None
    count: str | None = None


def find_tensor_layout(names: Mapping[str, str], samples: Samples) -> TensorLayout | None:
    """Return the layout of a detector's outputs, ``None`` if they are not a detector's.

    Outputs without a standard name are identified by their shape. Class numbers and scores have the same shape: whole
    values are class numbers; if both or neither are whole, the order of the outputs decides.

    Args:
        names: Standard name by output, for the outputs that have one.
        samples: The outputs for a few sample pictures.

    Raises:
        ModelError: when the shape of an output contradicts its name.
    """
    outputs = samples[0]
    shapes = {output: array.shape for output, array in outputs.items()}
    by_name = {name: output for output, name in names.items() if name in EXPECTED}
    free = [output for output in outputs if names.get(output) is None]

    def take(name: str, fits: Callable[[tuple[int, ...]], bool], wanted: str) -> str | None:
        if name in by_name:
            if not fits(shapes[by_name[name]]):
                raise ModelError(
                    f"output {by_name[name]} {list(shapes[by_name[name]])} is named {name}; it must {wanted}"
                )
            return by_name[name]
        deepest_first = sorted(
            free, key=lambda output: -len(shapes[output])
        )  # [1, 4] is not the boxes beside [1, 4, 4]
        found = next((output for output in deepest_first if fits(shapes[output])), None)
        if found is not None:
            free.remove(found)
        return found

    location = take(LOCATION, _is_boxes, "have a shape like [1, boxes, 4]")
    if location is None:
        return None
    boxes = shapes[location][-2]
    columns = _columns(boxes)
    count = take(COUNT, lambda shape: _is_single(shape, boxes), "be a single number")
    if SCORE not in by_name and CATEGORY not in by_name:
        pair = [output for output in free if _is_row(shapes[output], boxes)][:2]
        if len(pair) == 2:
            category, score = _category_and_score(pair[0], pair[1], samples)
            return TensorLayout(location, score, category, count)
    score_or_none = take(
        SCORE,
        lambda shape: _is_row(shape, boxes) or columns(shape),
        f"have a shape like [1, {boxes}] or [1, {boxes}, labels]",
    )
    if score_or_none is None:
        return None
    if columns(shapes[score_or_none]):
        return TensorLayout(location, score_or_none, None, count)
    category_or_none = take(CATEGORY, lambda shape: _is_row(shape, boxes), f"have a shape like [1, {boxes}]")
    return TensorLayout(location, score_or_none, category_or_none, count)


def _is_boxes(shape: tuple[int, ...]) -> bool:
    return shape[-1:] == (4,) and (len(shape) == 2 or (len(shape) == 3 and shape[0] == 1))


def _is_single(shape: tuple[int, ...], boxes: int) -> bool:
    size = int(np.prod(shape))
    return size == 1 and (len(shape) <= 1 or boxes != 1)


def _is_row(shape: tuple[int, ...], boxes: int) -> bool:
    return shape in ((1, boxes), (boxes,), (1, boxes, 1), (boxes, 1))


def _columns(boxes: int) -> Callable[[tuple[int, ...]], bool]:
    """Return a test of whether a shape is one score per box and label."""
    return lambda shape: len(shape) in (2, 3) and shape[:-1] in ((1, boxes), (boxes,)) and shape[-1] > 1


def _category_and_score(first: str, second: str, samples: Samples) -> tuple[str, str]:
    """Return (class numbers, scores) of two outputs of the same shape."""
    if "StatefulPartitionedCall" in first:  # TensorFlow 2's detectors return scores, boxes, count, classes
        first, second = second, first
    for is_category in (_has_integer_type, _is_whole, _exceeds_one):
        found = [is_category(output, samples) for output in (first, second)]
        if found[0] != found[1]:
            return (first, second) if found[0] else (second, first)
    return first, second  # the order of TFLite_Detection_PostProcess: boxes, classes, scores, count


def _has_integer_type(output: str, samples: Samples) -> bool:
    return bool(np.issubdtype(samples[0][output].dtype, np.integer))


def _is_whole(output: str, samples: Samples) -> bool:
    return all(bool(np.all(sample[output] == np.round(sample[output]))) for sample in samples)


def _exceeds_one(output: str, samples: Samples) -> bool:
    return any(bool(np.any(sample[output] > 1)) for sample in samples)
