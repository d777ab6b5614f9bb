"""What is known of a model before the meaning of its outputs is decided, such as their names, shapes and values."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ...runtimes import Metadata, Tensor
from ..scores import AUTO, NO_ACTIVATION, SIGMOID

Shapes = Mapping[str, tuple[int, ...]]
Size = tuple[int, int]  # width and height of the model's input in pixels
Samples = Sequence[Mapping[str, Tensor]]
Array = NDArray[np.float32]
_MAX_LOGIT = 100.0  # values beyond it are pixels, not scores
_SUM_NEAR = 0.05
NEAR = 0.01  # a quantised score may exceed 0 to 1 by a step


class Evidence:
    """What is known of a model: the outputs' names, shapes and values in a trial run, and what the file says.

    Args:
        shapes: Shapes of the outputs, by name.
        size: Width and height of the input.
        labels: Number of labels; 0 if unknown.
        metadata: Metadata of the model file.
        inputs: Names of all inputs.
        channels_first: Whether the channels of the picture come first, as with PyTorch.
        activation: The declared activation; ``auto`` if none is declared.
        fits: Returns whether the labels fit a number of classes; default: whether there are as many.
        run: Returns the outputs for a few sample pictures; called once, when values are asked for.

    Attributes:
        shapes: The same, without axes of size 1 after the first.
        full: The shapes with all their axes.
    """

    def __init__(
        self,
        shapes: Shapes,
        size: Size,
        labels: int = 0,
        *,
        metadata: Metadata | None = None,
        inputs: Sequence[str] = (),
        channels_first: bool = False,
        activation: str = "auto",
        fits: Callable[[int], bool] | None = None,
        run: Callable[[], Samples] = tuple,
    ) -> None:
        self.full = dict(shapes)
        self.shapes = {name: squeezed(shape) for name, shape in shapes.items()}
        self.size = size
        self.labels = labels
        self.metadata = metadata or Metadata()
        self.inputs = tuple(inputs)
        self.channels_first = channels_first
        self.activation = activation
        self._run = run
        self._fits = fits

    def fits(self, classes: int) -> bool:
        """Return whether the labels fit a number of classes; without labels, any number."""
        if not self.labels or self._fits is None:
            return self.labels in (0, classes)
        return self._fits(classes)

    @cached_property
    def samples(self) -> Samples:
        """The outputs for a few sample pictures; empty if the model was not run."""
        return self._run()

    def values(self, name: str) -> list[NDArray[Any]]:
        """Return an output's values for each sample picture, without the batch axis and axes of size 1."""
        return [sample[name].reshape(squeezed(sample[name].shape))[0] for sample in self.samples]

    def rows(self, name: str, columns: int) -> Array:
        """Return an output's rows of all sample pictures, (n, columns)."""
        found = [np.asarray(sample[name], np.float32).reshape(-1, columns) for sample in self.samples]
        return np.concatenate(found) if found else np.zeros((0, columns), np.float32)

    def boxes(self, name: str, axis: int = 1) -> Array:
        """Return the first four columns of an output's rows of all sample pictures, (n, 4).

        Args:
            name: The output.
            axis: The axis of the columns, without the batch.
        """
        found = [np.moveaxis(np.asarray(array, np.float32), axis, -1)[:, :4] for array in self.values(name)]
        return np.concatenate(found) if found else np.zeros((0, 4), np.float32)

    def are_scores(self, name: str, first: int, axis: int) -> bool:
        """Return whether an output's columns, from one on, are all from 0 to 1 in the trial run.

        Args:
            name: The output.
            first: The first column.
            axis: The axis of the columns, without the batch.
        """
        found = [np.take(array, range(first, array.shape[axis]), axis) for array in self.values(name)]
        return bool(found) and all(bool(np.all((array >= -NEAR) & (array <= 1 + NEAR))) for array in found)

    def activation_of(self, name: str, first: int, last: int, axis: int) -> str | None:
        """Return what a range of columns needs to be probabilities, by the trial run: ``sigmoid`` or ``none``.

        Columns far from 0 to 1, such as pixels, are no scores: ``None``. Without values it is ``none``. A declared
        one of the two wins.

        Args:
            name: The output.
            first: The first column.
            last: The column after the last.
            axis: The axis of the columns, without the batch.
        """
        if self.activation in (SIGMOID, NO_ACTIVATION):
            return self.activation
        return self.judged_activation(name, first, last, axis)

    @property
    def declared_activation(self) -> str | None:
        """The declared activation, ``None`` if none is."""
        return None if self.activation == AUTO else self.activation

    def sums_to_one(self, name: str) -> bool:
        """Return whether the last axis of an output holds distributions in the trial run; without values, yes."""
        values = self.rows(name, self.full[name][-1])
        return bool(len(values) == 0 or (values.min() >= -NEAR and np.abs(values.sum(axis=1) - 1).max() < _SUM_NEAR))

    def judged_activation(self, name: str, first: int, last: int, axis: int) -> str | None:
        """Return the same whatever is declared, for a head whose decoder applies none."""
        found = [np.take(array, range(first, last), axis) for array in self.values(name)]
        finite = [array[np.isfinite(array)] for array in found]
        low = min((float(array.min(initial=0.0)) for array in finite), default=0.0)
        high = max((float(array.max(initial=0.0)) for array in finite), default=0.0)
        if low >= -NEAR and high <= 1 + NEAR:
            return NO_ACTIVATION
        return SIGMOID if low < -NEAR and max(-low, high) < _MAX_LOGIT else None

    def shares_rows(self, name: str, rows: int) -> bool:
        """Return whether another output has as many rows: the two belong together, and neither is complete."""
        return any(rows in shape[1:] for other, shape in self.shapes.items() if other != name)

    def named(self, *words: str) -> tuple[str, ...] | None:
        """Return the outputs of these names, in their order; ``None`` unless the model has them all.

        Case, the path before the name and TensorFlow's ``:0`` after it do not count.
        """
        own = {plain_name(name): name for name in self.full}
        return tuple(own[word] for word in words) if all(word in own for word in words) else None

    def is_input(self, *words: str) -> bool:
        """Return whether the model has an input of one of these names."""
        return any(plain_name(name) in words for name in self.inputs)

    @property
    def listed(self) -> str:
        """The outputs with their shapes, for messages."""
        return "; ".join(f"{name} {list(shape)}" for name, shape in self.full.items())


def plain_name(name: str) -> str:
    """Return a tensor's name in lower case, without the path before it and TensorFlow's ``:0`` after it."""
    return name.rpartition("/")[2].casefold().removesuffix(":0")


def squeezed(shape: Sequence[int]) -> tuple[int, ...]:
    """Return a shape without its axes of size 1, except the first, which is the batch."""
    return (*shape[:1], *(size for size in shape[1:] if size != 1))
