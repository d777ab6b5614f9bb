"""The tensor layout of a detector: the role of each output, by its name, shape and values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from ..runtimes import ModelError, Tensor
from .heads import filled, order_in_pixels

LOCATION, CATEGORY, SCORE, COUNT = "location", "category", "score", "count"
EXPECTED = (LOCATION, CATEGORY, SCORE, COUNT)

_MOST = 0.9  # of the rows, as evidence
_DECLARE_HEAD = "for raw boxes, declare their head"

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

    @property
    def roles(self) -> tuple[str, ...]:
        """The outputs that have a role."""
        return tuple(name for name in (self.location, self.score, self.category, self.count) if name is not None)


def find_tensor_layout(names: Mapping[str, str], samples: Samples) -> TensorLayout | None:
    """Return the layout of a detector's outputs, ``None`` if they are not a detector's.

    Outputs without a standard name are identified by their shape; integers are no scores. Class numbers and scores have
    the same shape: whole values are class numbers; if both or neither are whole, the order of the outputs decides.

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
    boxes = int(np.prod(shapes[location][:-1]))
    columns = _columns(boxes)
    count = take(COUNT, lambda shape: _is_single(shape, boxes), "be a single number")
    if SCORE not in by_name and CATEGORY not in by_name:
        pair = [output for output in free if _is_row(shapes[output], boxes)][:2]
        if len(pair) == 2 and not all(_has_integer_type(output, samples) for output in pair):
            category, score = _category_and_score(pair[0], pair[1], samples)
            return TensorLayout(location, score, category, count)
    whole = [output for output in free if _has_integer_type(output, samples)]
    free = [output for output in free if output not in whole]  # quantised scores come as real values
    score_or_none = take(
        SCORE,
        lambda shape: _is_row(shape, boxes) or columns(shape),
        f"have a shape like [1, {boxes}] or [1, {boxes}, labels]",
    )
    free += whole
    if score_or_none is None:
        return None
    if columns(shapes[score_or_none]):
        return TensorLayout(location, score_or_none, None, count)
    category_or_none = take(CATEGORY, lambda shape: _is_row(shape, boxes), f"have a shape like [1, {boxes}]")
    return TensorLayout(location, score_or_none, category_or_none, count)


def require_corners(layout: TensorLayout, samples: Samples, order: Sequence[int]) -> str:
    """Return why the boxes of a layout are finished: corners, not what a head has to decode.

    Args:
        layout: The role of each output.
        samples: The outputs for a few sample pictures.
        order: The side at each position of a box.

    Raises:
        ModelError: when they are not finished, or nothing says so.
    """
    shape = list(samples[0][layout.location].shape)
    others = [
        output
        for output, array in samples[0].items()
        if array.shape[-1:] == (4,) and array.ndim > 1 and output not in layout.roles
    ]
    if others:
        raise ModelError(
            f"several outputs may be boxes, {layout.location} and {', '.join(others)}; {_DECLARE_HEAD}, or name the "
            "finished ones in remap_output_names"
        )
    rows = filled(_boxes(layout, samples))
    corners = rows[:, [list(order).index(side) for side in range(4)]]
    ordered = (corners[:, :2] < corners[:, 2:]).all(axis=1)
    share = float(ordered.mean()) if len(rows) else 0.0
    start = f"its output {layout.location} {shape} holds boxes"
    if layout.category is not None:
        if len(rows) and share < _MOST:
            raise ModelError(
                f"its output {layout.location} {shape} is no list of corners in the order {list(order)}: a maximum is "
                f"below its minimum in {1 - share:.0%} of the rows; set xmin_ymin_xmax_ymax_order, or {_DECLARE_HEAD}"
            )
        return f"{start}, with a class number and a score each"
    if len(rows) == 0 or share < _MOST:
        raise ModelError(
            f"its output {layout.location} {shape} may be boxes, but is no list of corners; {_DECLARE_HEAD}, or "
            "head: none if they are finished, with xmin_ymin_xmax_ymax_order"
        )
    return f"{start}, all of them corners in the trial run, with scores"


def highest_category(layout: TensorLayout, samples: Samples) -> int:
    """Return the highest class number of a trial run; 0 if there are none."""
    if layout.category is None:
        return 0
    numbers = np.concatenate([np.asarray(sample[layout.category], np.float64).reshape(-1) for sample in samples])
    return round(float(numbers[np.isfinite(numbers)].max(initial=0.0)))


def shown_order(layout: TensorLayout, samples: Samples, size: tuple[int, int]) -> tuple[int, ...] | None:
    """Return the order of the sides that the boxes of a trial run show, ``None`` if they do not.

    Args:
        layout: The role of each output.
        samples: The outputs for a few sample pictures.
        size: Width and height of the model's input.
    """
    return order_in_pixels(_boxes(layout, samples), size)


def _boxes(layout: TensorLayout, samples: Samples) -> NDArray[np.float32]:
    return np.concatenate([np.asarray(sample[layout.location], np.float32).reshape(-1, 4) for sample in samples])


def _is_boxes(shape: tuple[int, ...]) -> bool:
    if len(shape) == 4 and shape[2] == 1:  # YOLOv4
        shape = (*shape[:2], 4) if shape[3] == 4 else ()
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
