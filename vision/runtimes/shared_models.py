"""Shared models: one per file, thread count, providers and batch, loaded for the first handle, closed with the last."""

from __future__ import annotations

import threading
from functools import partial
from pathlib import Path
from typing import NamedTuple

from .base import Batch, Runtime
from .batching import check_batches
from .bounded_runtime import BoundedRuntime, copies_max
from .statistics import ModelStatistics
from .verifier import Verifier


class _Key(NamedTuple):
    runtime_type: type[Runtime]
    sha256: str
    num_threads: int
    providers: tuple[str, ...]
    batch: Batch | None


class _Entry:
    """One model, loaded while it has users."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.runtime: BoundedRuntime | None = None
        self.users = 0


class ModelHandle:
    """A reference to a loaded model; the model stays loaded until its last handle is closed.

    Attributes:
        runtime: The model, shared with other handles: never close it. Its inferences have a time limit.
        sha256: The SHA-256 of the model file.
    """

    def __init__(self, models: SharedModels, key: _Key, runtime: BoundedRuntime) -> None:
        self.runtime = runtime
        self.sha256 = key.sha256
        self._models: SharedModels | None = models
        self._key = key
        self._lock = threading.Lock()

    def close(self) -> None:
        """Release the model; safe to call twice."""
        with self._lock:
            models, self._models = self._models, None
        if models is not None:
            models.release(self._key)


class SharedModels:
    """The loaded models of a process, reference-counted. A child process verifies each file that is new here.

    Files with equal bytes are one model, wherever they are; a changed file is another model. A model that hangs stays
    loaded until it answers, also without handles: another copy of it would hang too, and keep another core busy.
    """

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._lock = threading.Lock()
        self._entries: dict[_Key, _Entry] = {}
        self._statistics: dict[str, ModelStatistics] = {}

    def statistics(self, path: Path) -> ModelStatistics:
        """Return the counts of a model file, by its name without folder; they outlast its loads."""
        with self._lock:
            return self._statistics.setdefault(path.name, ModelStatistics(path.name))

    @property
    def loaded(self) -> int:
        """The number of loaded models."""
        with self._lock:
            return sum(entry.runtime is not None for entry in self._entries.values())

    def acquire(
        self,
        runtime_type: type[Runtime],
        path: Path,
        num_threads: int = 0,
        providers: tuple[str, ...] = (),
        sha256: str | None = None,
        batch: Batch | None = None,
    ) -> ModelHandle:
        """Return a handle to a model, loading it for the first one; concurrent callers wait for that load.

        Raises:
            ModelError: when the file cannot be read, verified or loaded, has another SHA-256 than the one given, or
                cannot run several pictures at once and ``batch`` is given.
        """
        file = runtime_type.read(path)
        file.expect_sha256(sha256)
        statistics = self.statistics(path)
        key = _Key(runtime_type, file.sha256, max(num_threads, 0), providers, batch)
        with self._lock:
            entry = self._entries.setdefault(key, _Entry())
        with entry.lock:
            if entry.runtime is None:
                load = partial(runtime_type, file, key.num_threads, key.providers)
                most = copies_max(runtime_type, len(file.content), key.num_threads)
                with statistics.loading():
                    if not runtime_type.trusted:
                        self._verifier.verify(runtime_type, file, in_batches=batch is not None)
                    runtime = load()
                    if batch is not None:
                        try:
                            check_batches(runtime, path)
                        except BaseException:
                            runtime.close()
                            raise
                entry.runtime = BoundedRuntime(runtime, path, load, most, batch, statistics)
            entry.users += 1
            return ModelHandle(self, key, entry.runtime)

    def release(self, key: _Key) -> None:
        """Drop one handle; the last one closes the model. For :class:`ModelHandle` only."""
        with self._lock:
            entry = self._entries[key]
        with entry.lock:
            entry.users -= 1
            self._close_unused(entry)

    def _close_unused(self, entry: _Entry) -> None:
        """Close the model of an entry without users; if an inference was given up, after its end. Needs its lock."""

        def later() -> None:
            with entry.lock:
                self._close_unused(entry)

        runtime = entry.runtime
        if entry.users == 0 and runtime is not None and not runtime.when_idle(later):
            runtime.close()
            entry.runtime = None


SHARED_MODELS = SharedModels(Verifier())
"""The loaded models of this process."""
