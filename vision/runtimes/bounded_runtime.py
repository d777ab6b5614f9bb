"""A loaded model as its users share it: inferences have a time limit, and it is loaded again while many wait for it."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from contextlib import nullcontext
from pathlib import Path
from typing import TypeVar

from cameras import BackgroundThread, BoundedCalls, CallsClosed, CallTimeout, available_cores, waiting

from .base import Batch, Runtime, Tensor
from .batching import Batcher
from .files import ModelError
from .statistics import ModelStatistics

logger = logging.getLogger(__name__)

T = TypeVar("T")

COPIES_MAX = 8
"""Most copies of one model; beyond some, the bandwidth of the memory limits what further ones are worth."""

COPIES_BYTES_MAX = 256 * 2**20
"""Most bytes of all copies of one model file; each copy keeps weights of its own."""

WAITING_SHARE = 0.25
"""The share of inferences that find the model busy from which on another copy is loaded."""

_SMOOTHING = 1 / 16
"""The weight of the newest inference in that share: about a second of a camera counts."""


class InferenceLimit:
    """The longest time of one inference.

    Attributes:
        seconds: The limit, which the configuration sets: ``server.limits.inference_s``.
    """

    seconds: float = 30.0


INFERENCE_LIMIT = InferenceLimit()
"""The limit of this process, which shares its models."""


class BoundedRuntime(Runtime):
    """A loaded model whose inferences have a time limit, ``INFERENCE_LIMIT``.

    An inference that takes longer marks the model: it is refused at once until that inference ends. While a model runs
    elsewhere (``Runtime.elsewhere``), the caller holds no worker.

    Inferences of a library that runs each on one core (``Runtime.single_core``) wait for each other while other cores
    have nothing to do. When that goes on, the model is loaded again on a thread of its own, up to a few copies.

    Args:
        runtime: The model; closed with this object.
        path: Its file, for errors.
        load: Loads another copy.
        copies_max: Most copies.
        batch: How inferences that are asked for at once run as one; ``None``: each runs alone.
        statistics: The counts of the file, which have the load of ``runtime`` already; by default of nobody's interest.

    Attributes:
        batch: As given.
    """

    def __init__(
        self,
        runtime: Runtime,
        path: Path,
        load: Callable[[], Runtime] | None = None,
        copies_max: int = 1,
        batch: Batch | None = None,
        statistics: ModelStatistics | None = None,
    ) -> None:
        self.inputs, self.outputs, self.metadata = runtime.inputs, runtime.outputs, runtime.metadata
        self.elsewhere = runtime.elsewhere
        self._path = path
        self._load = load
        self._copies_max = copies_max
        self._copies = [runtime]
        self._free = [runtime]
        self._lock = threading.Lock()
        self._waiting_share = 0.0
        self._loading = self._closed = False
        self._calls = BoundedCalls(f"model {path.name}", at_once=1)
        self.batch = batch
        self._statistics = ModelStatistics(path.name) if statistics is None else statistics
        sizes = self._statistics.batches
        self._batcher = (
            None if batch is None else Batcher(batch, path, self._infer, self._run, lambda: self.hangs, sizes)
        )

    @property
    def hangs(self) -> bool:
        """Whether an inference has exceeded the limit and still runs."""
        return self._calls.late

    @property
    def copies(self) -> int:
        """How often the model is loaded."""
        return len(self._copies)

    @classmethod
    def version(cls) -> str:
        """Raise: the loaded model has a version, not this class."""
        raise ModelError("a model has no version of its own")

    def infer(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run the model."""
        self._note(busy=self._calls.full)
        if self._batcher is None or self.hangs:
            return self._run(lambda: self._infer(inputs))
        return self._batcher.infer(inputs)

    def _run(self, function: Callable[[], T]) -> T:
        """Run a function that infers when it is its turn, within the limit."""
        try:
            with waiting() if self.elsewhere else nullcontext():
                return self._calls.run(function, INFERENCE_LIMIT.seconds)
        except CallTimeout as error:
            raise ModelError(unanswered(f"{self._path}: the model", error)) from None
        except CallsClosed as error:
            raise ModelError(f"{self._path}: the model is closed") from error

    def when_idle(self, action: Callable[[], object]) -> bool:
        """Have a function called when no inference runs any more; see :meth:`BoundedCalls.when_idle`."""
        return self._calls.when_idle(action)

    def close(self) -> None:
        """Unload the model, after waiting for running inferences unless one hangs."""
        with self._lock:
            self._closed = True
        self._calls.close(self._close_copies)

    def _infer(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        with self._lock:
            runtime = self._free.pop()  # as many calls run at once as there are copies
        try:
            return runtime.infer(inputs)
        finally:
            with self._lock:
                self._free.append(runtime)

    def _note(self, *, busy: bool) -> None:
        """Note whether an inference finds all copies busy, and load another one if too many do."""
        if self._copies_max == 1:
            return
        with self._lock:
            self._waiting_share += (busy - self._waiting_share) * _SMOOTHING
            if self._waiting_share < WAITING_SHARE or self._loading or len(self._copies) >= self._copies_max:
                return
            self._loading = True
            self._waiting_share = 0.0
        try:
            BackgroundThread(self._load_another, f"loading {self._path.name}").start()
        except RuntimeError:  # the system gives no more threads
            self._loading = False

    def _load_another(self) -> None:
        assert self._load is not None
        try:
            with self._statistics.loading():
                runtime = self._load()
        except Exception:  # such as too little memory; those that are loaded do the work
            logger.debug("%s: no further copy can be loaded", self._path, exc_info=True)
            self._copies_max = 1
            return
        with self._lock:
            closed = self._closed
            if not closed:
                self._copies.append(runtime)
                self._free.append(runtime)
            self._loading = False
        if closed:
            runtime.close()
            self._statistics.closed(1)
        else:
            logger.debug("%s: loaded %d times", self._path, len(self._copies))
            self._calls.allow_another()

    def _close_copies(self) -> None:
        for runtime in self._copies:
            runtime.close()
        self._statistics.closed(len(self._copies))


def copies_max(runtime_type: type[Runtime], size_bytes: int, num_threads: int) -> int:
    """Return the most copies of a model file that are worth loading, at least 1."""
    if not runtime_type.single_core:
        return 1
    fits = COPIES_BYTES_MAX // max(size_bytes, 1)
    return max(min(available_cores() // max(num_threads, 1), COPIES_MAX, fits), 1)


def unanswered(what: str, error: CallTimeout) -> str:
    """Return the error message for a model or service that does not answer in time."""
    if error.refused:
        return hanging(what)
    return f"{what} did not answer within {INFERENCE_LIMIT.seconds:g} s (server.limits.inference_s)"


def hanging(what: str) -> str:
    """Return the error message for a model or service that is refused because an inference hangs."""
    return f"{what} hangs in an earlier inference; it is used again when that one ends, or after a restart"
