"""Batches: inferences that are asked for at the same time, by several cameras or requests, run as one."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeAlias

import numpy as np
from pydantic import Field

from cameras import Attributes, Histogram, waiting

from .base import Batch, Runtime, Tensor
from .files import ModelError
from .noise import noise

logger = logging.getLogger(__name__)

_Kind: TypeAlias = tuple[tuple[str, tuple[int, ...], np.dtype[Any]], ...]

_CLOSE = 0.01
"""How close an element of a batch must be to that of a single inference, as a fraction of it and of the largest one:
16-bit floats, and GPUs that round products to 10 bits, differ by a tenth of that."""

_EQUAL_SHARE = 0.5
"""The share of the elements that must be close. Not all: noise has near ties, which may fall either way, and then what
is sorted by score has another order. Where a model mixes up its rows, hardly any is."""


LOOK_S = 0.5
"""Interval at which those that wait for a batch ask whether the model hangs."""


class BatchAttributes(Attributes):
    """``batch`` of a model in the YAML."""

    max: int = Field(8, ge=2, le=64, description="Most pictures that run at once.")
    wait_ms: float = Field(
        5, ge=0, le=1000, allow_inf_nan=False, description="How long a picture waits for others at most."
    )

    def limits(self) -> Batch:
        """Return it in the units of the program."""
        return Batch(self.max, self.wait_ms / 1000)


class Batcher:
    """Runs inferences that are asked for at once as one. Thread-safe.

    The first caller waits for others, up to a time or until the batch is full, and has it run. While the model is still
    busy with the last batch, more callers may join. A caller that waits for others holds no worker.

    Only inputs of one row (the size of the first axis), of the same shapes and types, run together. When the model
    refuses a batch, each of its inferences runs alone, so that wrong input is the error of its own caller only.

    Args:
        limits: The most rows of a batch, and the longest wait.
        path: The model's file, for log lines.
        infer: Runs the model.
        run: Runs a function when it is its turn, within the time limit of inferences.
        hangs: Returns whether an inference has exceeded that limit.
        sizes: Counts the batches by their number of rows.
    """

    def __init__(
        self,
        limits: Batch,
        path: Path,
        infer: Callable[[Mapping[str, Tensor]], dict[str, Tensor]],
        run: Callable[[Callable[[], dict[str, Tensor] | None]], dict[str, Tensor] | None],
        hangs: Callable[[], bool],
        sizes: Histogram,
    ) -> None:
        self._limits = limits
        self._path = path
        self._infer = infer
        self._run = run
        self._hangs = hangs
        self._sizes = sizes
        self._lock = threading.Lock()
        self._open: dict[_Kind, _Gathering] = {}
        self._works = True

    def infer(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run the model, perhaps with the inputs of other callers; the outputs are those of these inputs alone.

        Raises:
            ModelError: when the inference fails, or does not end in time.
        """
        kind = _kind(inputs) if self._works else None
        if kind is None:
            return self._alone(inputs)
        with self._lock:
            batch = self._open.get(kind)
            is_first = batch is None
            if batch is None:
                batch = self._open[kind] = _Gathering()
            row = len(batch.inputs)
            batch.inputs.append(inputs)
            if len(batch.inputs) == self._limits.most:
                del self._open[kind]
                batch.full.set()
        if is_first:
            self._lead(kind, batch)
        else:
            with waiting():
                while not batch.done.wait(LOOK_S):
                    if self._hangs():  # the first caller may have been given up with it
                        return self._alone(inputs)  # which says so
        if batch.failure is not None:
            raise ModelError(batch.failure)
        if batch.outputs is None:
            return self._alone(inputs)
        if len(batch.inputs) == 1:
            return batch.outputs
        return {name: array[row : row + 1] for name, array in batch.outputs.items()}

    def _lead(self, kind: _Kind, batch: _Gathering) -> None:
        """Wait for others and run the batch. For its first caller."""
        try:
            if self._limits.wait_s > 0:
                with waiting():
                    batch.full.wait(self._limits.wait_s)
            batch.outputs = self._run(lambda: self._infer_batch(kind, batch))
        except BaseException as error:
            batch.failure = str(error) or type(error).__name__
            raise
        finally:
            self._shut(kind, batch)
            batch.done.set()

    def _infer_batch(self, kind: _Kind, batch: _Gathering) -> dict[str, Tensor] | None:
        """Run a batch with those that have joined by now; ``None`` when each has to run alone."""
        self._shut(kind, batch)
        rows = len(batch.inputs)
        if rows == 1:
            return self._infer_one(batch.inputs[0])
        together = {name: np.concatenate([inputs[name] for inputs in batch.inputs]) for name in batch.inputs[0]}
        try:
            outputs = self._infer(together)
        except ModelError:
            return None
        for name, array in outputs.items():
            if array.ndim == 0 or len(array) != rows:
                logger.warning(
                    "model %s: batch: %d pictures at once gave an output %s of shape %s; now they run one by one",
                    self._path,
                    rows,
                    name,
                    list(array.shape),
                )
                self._works = False
                return None
        self._sizes.add(rows)
        return outputs

    def _alone(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        outputs = self._run(lambda: self._infer_one(inputs))
        assert outputs is not None
        return outputs

    def _infer_one(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        outputs = self._infer(inputs)
        self._sizes.add(1)
        return outputs

    def _shut(self, kind: _Kind, batch: _Gathering) -> None:
        """Let nobody join a batch any more."""
        with self._lock:
            if self._open.get(kind) is batch:
                del self._open[kind]


class _Gathering:
    """One batch.

    Attributes:
        inputs: Those of each caller, in the order of its rows.
        full: Set when it has as many rows as it may have.
        done: Set when it has run.
        outputs: Those of all callers, one row each; ``None`` when each has to run alone.
        failure: Why it could not run at all.
    """

    def __init__(self) -> None:
        self.inputs: list[Mapping[str, Tensor]] = []
        self.full = threading.Event()
        self.done = threading.Event()
        self.outputs: dict[str, Tensor] | None = None
        self.failure: str | None = None


def _kind(inputs: Mapping[str, Tensor]) -> _Kind | None:
    """Return what inputs must have in common to run together; ``None`` for those that cannot."""
    if not inputs or any(array.ndim == 0 or len(array) != 1 for array in inputs.values()):
        return None
    return tuple((name, array.shape, array.dtype) for name, array in sorted(inputs.items()))


def check_batches(runtime: Runtime, path: Path) -> None:
    """Check that a model takes several pictures at once and gives for each what it gives for that one alone.

    A model that takes pictures of any size and refuses those of the trial is not refused: :class:`Batcher` looks at the
    outputs of each batch, too.

    Raises:
        ModelError: when it does not.
    """
    for info in runtime.inputs:
        if not info.shape or info.shape[0] != -1:
            raise ModelError(
                f"{path}: batch: the model takes one picture at a time, since the first size of its input {info} is "
                "fixed; export it with a dynamic batch axis (Ultralytics: dynamic=True; torch.onnx.export: "
                f"dynamic_axes={{{info.name!r}: {{0: 'batch'}}}}), or leave batch out"
            )
    for pair in zip(noise(runtime, 0), noise(runtime, 1), strict=True):
        try:
            alone = [runtime.infer(inputs) for inputs in pair]
        except ModelError:
            continue  # it takes pictures of another size
        if problem := _difference(runtime, pair, alone):
            raise ModelError(f"{path}: batch: the model {problem}; export it so that it does, or leave batch out")
        return


def _difference(
    runtime: Runtime, pair: Sequence[Mapping[str, Tensor]], alone: Sequence[Mapping[str, Tensor]]
) -> str | None:
    """Return what is wrong with the outputs for two pictures at once, ``None`` if nothing is."""
    try:
        together = runtime.infer({name: np.concatenate([inputs[name] for inputs in pair]) for name in pair[0]})
    except ModelError as error:
        return f"does not run two pictures at once ({error})"
    for name, array in together.items():
        for row, outputs in enumerate(alone):
            single = outputs[name]
            if single.ndim == 0 or len(single) != 1 or array.shape != (2, *single.shape[1:]):
                return (
                    f"has an output {name} without one row for each picture: its shape is {list(single.shape)} for one "
                    f"and {list(array.shape)} for two"
                )
            if not _is_close(array[row], single[0]):
                return f"gives other values in its output {name} for a picture beside another than for it alone"
    return None


def _is_close(one: Tensor, other: Tensor) -> bool:
    if not one.size:
        return True
    finite = np.abs(other[np.isfinite(other)], dtype=np.float64)
    margin = _CLOSE * float(finite.max(initial=0.0))
    equal = np.isclose(one.astype(np.float64), other.astype(np.float64), _CLOSE, margin, equal_nan=True)
    return float(equal.mean()) >= _EQUAL_SHARE
