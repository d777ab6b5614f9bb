from __future__ import annotations

import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.vision.fakes import FakeRuntime, runtime
from vision import ModelError
from vision.runtimes.library import Library
from vision.runtimes.verifier import Verifier


@pytest.fixture
def library(tmp_path: Path) -> Library:
    return Library(Verifier(tmp_path / "cache"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    path.write_bytes(b"a model")
    return path


@pytest.fixture
def kind() -> type[FakeRuntime]:
    return runtime({"out": np.zeros((1, 2))})


def test_one_file_is_loaded_once_and_closed_by_the_last(library: Library, path: Path, kind: type[FakeRuntime]) -> None:
    first, second = library.borrow(kind, path), library.borrow(kind, path)
    assert first.runtime is second.runtime
    assert (kind.loaded, library.loaded) == (1, 1)
    first.close()
    first.close()
    assert (kind.closed, library.loaded) == (0, 1)
    second.close()
    assert (kind.closed, library.loaded) == (1, 0)


def test_a_file_is_loaded_anew_after_it_was_closed(library: Library, path: Path, kind: type[FakeRuntime]) -> None:
    library.borrow(kind, path).close()
    library.borrow(kind, path).close()
    assert kind.loaded == 2


def test_equal_files_are_one_model_and_a_changed_one_is_another(
    library: Library, path: Path, kind: type[FakeRuntime]
) -> None:
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    first, second = library.borrow(kind, path), library.borrow(kind, copy)
    path.write_bytes(b"another model")
    third = library.borrow(kind, path)
    assert first.runtime is second.runtime
    assert first.runtime is not third.runtime
    assert first.sha256 != third.sha256


def test_another_number_of_threads_is_another_model(library: Library, path: Path, kind: type[FakeRuntime]) -> None:
    default = library.borrow(kind, path, -1).runtime
    assert default is library.borrow(kind, path, 0).runtime
    assert default is not library.borrow(kind, path, 2).runtime


def test_all_who_ask_at_once_get_one(library: Library, path: Path, kind: type[FakeRuntime]) -> None:
    together = threading.Barrier(8)

    def borrow(_: int) -> object:
        together.wait()
        return library.borrow(kind, path).runtime

    with ThreadPoolExecutor(8) as pool:
        assert len(set(map(id, pool.map(borrow, range(8))))) == 1
    assert kind.loaded == 1


def test_a_load_that_fails_leaves_nothing_and_may_be_tried_again(
    library: Library, path: Path, kind: type[FakeRuntime]
) -> None:
    kind.refuses = ModelError("broken")
    with pytest.raises(ModelError, match="broken"):
        library.borrow(kind, path)
    assert library.loaded == 0
    kind.refuses = None
    library.borrow(kind, path).close()
    assert kind.loaded == 1
