"""Loaded models on loan: one per file, thread count and processor, whoever uses it, from the first loan to the last."""

from __future__ import annotations

import threading
from pathlib import Path
from typing import NamedTuple

from .base import Runtime
from .model_file import ModelFile
from .verifier import Verifier


class _Key(NamedTuple):
    runtime_type: type[Runtime]
    sha256: str
    num_threads: int
    providers: tuple[str, ...]


class _Shelf:
    """The place of one model: loaded while somebody has it."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.runtime: Runtime | None = None
        self.loans = 0


class Loan:
    """A loaded model, until it is given back.

    Attributes:
        runtime: The model; shared with the other borrowers, so never close it.
        sha256: Of the file it was loaded from.
    """

    def __init__(self, library: Library, key: _Key, runtime: Runtime) -> None:
        self.runtime = runtime
        self.sha256 = key.sha256
        self._library: Library | None = library
        self._key = key
        self._lock = threading.Lock()

    def close(self) -> None:
        """Give the model back; twice is harmless."""
        with self._lock:
            library, self._library = self._library, None
        if library is not None:
            library.take_back(self._key)


class Library:
    """Lends loaded models. A file that is new to this machine is tried in a child process first.

    Equal files are one model, wherever they lie; a file that was changed is another one.
    """

    def __init__(self, verifier: Verifier) -> None:
        self._verifier = verifier
        self._lock = threading.Lock()
        self._shelves: dict[_Key, _Shelf] = {}

    @property
    def loaded(self) -> int:
        """How many models are loaded now."""
        with self._lock:
            return sum(shelf.runtime is not None for shelf in self._shelves.values())

    def borrow(
        self, runtime_type: type[Runtime], path: Path, num_threads: int = 0, providers: tuple[str, ...] = ()
    ) -> Loan:
        """Return a model, loaded now unless somebody has it already; who asks meanwhile for the same one waits.

        Raises:
            ModelError: when the file cannot be read, verified or loaded.
        """
        file = ModelFile.read(path)
        runtime_type.look(file)
        key = _Key(runtime_type, file.sha256, max(num_threads, 0), providers)
        with self._lock:
            shelf = self._shelves.setdefault(key, _Shelf())
        with shelf.lock:
            if shelf.runtime is None:
                if not runtime_type.trusted:
                    self._verifier.verify(runtime_type, file)
                shelf.runtime = runtime_type(file, key.num_threads, key.providers)
            shelf.loans += 1
            return Loan(self, key, shelf.runtime)

    def take_back(self, key: _Key) -> None:
        """End one loan; the last one closes the model. For :class:`Loan` only."""
        with self._lock:
            shelf = self._shelves[key]
        with shelf.lock:
            shelf.loans -= 1
            if shelf.loans == 0 and shelf.runtime is not None:
                shelf.runtime.close()
                shelf.runtime = None


LIBRARY = Library(Verifier())
"""The models that are loaded in this process."""
