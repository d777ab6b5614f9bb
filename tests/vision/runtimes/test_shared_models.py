from __future__ import annotations

import hashlib
import shutil
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from tests.vision.fakes import FakeRuntime, runtime
from vision import ModelError
from vision.runtimes.shared_models import SharedModels
from vision.runtimes.verifier import Verifier


@pytest.fixture
def models(tmp_path: Path) -> SharedModels:
    return SharedModels(Verifier(tmp_path / "cache"))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "model"
    path.write_bytes(b"a model")
    return path


@pytest.fixture
def kind() -> type[FakeRuntime]:
    return runtime({"out": np.zeros((1, 2))})


def test_a_file_is_loaded_once_and_closed_by_its_last_user(
    models: SharedModels, path: Path, kind: type[FakeRuntime]
) -> None:
    first, second = models.acquire(kind, path), models.acquire(kind, path)
    assert first.runtime is second.runtime
    assert (kind.loaded, models.loaded) == (1, 1)
    first.close()
    first.close()
    assert (kind.closed, models.loaded) == (0, 1)
    second.close()
    assert (kind.closed, models.loaded) == (1, 0)


def test_a_closed_file_is_loaded_again(models: SharedModels, path: Path, kind: type[FakeRuntime]) -> None:
    models.acquire(kind, path).close()
    models.acquire(kind, path).close()
    assert kind.loaded == 2


def test_equal_files_are_one_model_and_a_changed_one_is_another(
    models: SharedModels, path: Path, kind: type[FakeRuntime]
) -> None:
    copy = path.with_name("copy")
    shutil.copy(path, copy)
    first, second = models.acquire(kind, path), models.acquire(kind, copy)
    path.write_bytes(b"another model")
    third = models.acquire(kind, path)
    assert first.runtime is second.runtime
    assert first.runtime is not third.runtime
    assert first.sha256 != third.sha256


def test_another_number_of_threads_is_another_model(models: SharedModels, path: Path, kind: type[FakeRuntime]) -> None:
    default = models.acquire(kind, path, -1).runtime
    assert default is models.acquire(kind, path, 0).runtime
    assert default is not models.acquire(kind, path, 2).runtime


def test_concurrent_callers_share_one_model(models: SharedModels, path: Path, kind: type[FakeRuntime]) -> None:
    together = threading.Barrier(8)

    def acquire(_: int) -> object:
        together.wait()
        return models.acquire(kind, path).runtime

    with ThreadPoolExecutor(8) as pool:
        assert len(set(map(id, pool.map(acquire, range(8))))) == 1
    assert kind.loaded == 1


def test_a_failed_load_leaves_nothing_open_and_can_be_retried(
    models: SharedModels, path: Path, kind: type[FakeRuntime]
) -> None:
    kind.load_error = ModelError("broken")
    with pytest.raises(ModelError, match="broken"):
        models.acquire(kind, path)
    assert models.loaded == 0
    kind.load_error = None
    models.acquire(kind, path).close()
    assert kind.loaded == 1


def test_a_declared_sha256_must_be_that_of_the_file(models: SharedModels, path: Path, kind: type[FakeRuntime]) -> None:
    own = hashlib.sha256(b"a model").hexdigest()
    for declared in (own, own.upper(), None):
        models.acquire(kind, path, sha256=declared).close()
    with pytest.raises(ModelError) as caught:
        models.acquire(kind, path, sha256="0" * 64)
    assert str(caught.value) == f"{path}: sha256: {'0' * 64} is declared, but that of model is {own}"
