"""A model that many wait for is loaded again; the rest of a shared model is tested with SharedModels and the models."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from cameras import working_for
from tests.places import WatchedPlace
from tests.vision.fakes import FakeRuntime, runtime
from vision import ModelError
from vision.runtimes import bounded_runtime
from vision.runtimes.base import Tensor
from vision.runtimes.bounded_runtime import BoundedRuntime, copies_max
from vision.runtimes.files import ModelFile

PATH = Path("model")
FILE = ModelFile(PATH, b"a model", "")
INPUTS = {"input": np.zeros((1, 4, 4, 3), np.uint8)}


class Inferences:
    """Holds each inference of a fake model until the test lets one go."""

    def __init__(self) -> None:
        self.entered = threading.Semaphore(0)
        self.go = threading.Semaphore(0)
        self.running = self.most = 0
        self.lock = threading.Lock()

    def __call__(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        with self.lock:
            self.running += 1
            self.most = max(self.most, self.running)
        self.entered.release()
        assert self.go.acquire(timeout=10)
        with self.lock:
            self.running -= 1
        return {"out": np.zeros(2)}


def held(inferences: Inferences) -> type[FakeRuntime]:
    kind = runtime({"out": np.zeros(2)})
    kind.function = inferences
    return kind


def loads(kind: type[FakeRuntime]) -> Callable[[], FakeRuntime]:
    return lambda: kind(FILE)


def test_a_model_that_many_wait_for_is_loaded_again_up_to_the_most() -> None:
    inferences = Inferences()
    kind = held(inferences)
    model = BoundedRuntime(kind(FILE), PATH, loads(kind), copies_max=2)
    with ThreadPoolExecutor(40) as callers:
        answers = [callers.submit(model.infer, INPUTS) for _ in range(40)]
        for _ in range(2):
            assert inferences.entered.acquire(timeout=10), "two run at once although none has ended"
        inferences.go.release(40)
        assert all(answer.result(10).keys() == {"out"} for answer in answers)
    assert (model.copies, kind.loaded, inferences.most) == (2, 2, 2)
    model.close()
    assert kind.closed == 2
    with pytest.raises(ModelError, match="the model is closed"):
        model.infer(INPUTS)


@pytest.mark.parametrize("elsewhere", [True, False])
def test_who_waits_for_a_model_that_runs_elsewhere_gives_its_place_away(elsewhere: bool) -> None:
    notes: list[str] = []

    def infer(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        notes.append("infer")
        return {"out": np.zeros(2)}

    kind = runtime(infer)
    kind.elsewhere = elsewhere
    model = BoundedRuntime(kind(FILE), PATH)
    notes.clear()
    with working_for(WatchedPlace(notes)):
        model.infer(INPUTS)
    model.close()
    assert notes == (["given", "infer", "back"] if elsewhere else ["infer"])


def test_callers_that_meet_now_and_then_do_not_load_it_again() -> None:
    inferences = Inferences()
    kind = held(inferences)
    model = BoundedRuntime(kind(FILE), PATH, loads(kind), copies_max=8)
    with ThreadPoolExecutor(2) as callers:
        for _ in range(10):
            answers = [callers.submit(model.infer, INPUTS)]
            assert inferences.entered.acquire(timeout=10)
            answers.append(callers.submit(model.infer, INPUTS))  # finds the model busy
            inferences.go.release(8)
            for answer in answers:
                answer.result(10)
            for _ in range(6):
                model.infer(INPUTS)
            while inferences.entered.acquire(blocking=False):
                pass
    assert (model.copies, kind.loaded) == (1, 1)
    model.close()


def test_a_copy_that_cannot_be_loaded_changes_nothing_and_is_not_tried_again() -> None:
    inferences, tried = Inferences(), threading.Event()
    kind = held(inferences)
    model = BoundedRuntime(kind(FILE), PATH, lambda: fail(tried), copies_max=2)
    with ThreadPoolExecutor(40) as callers:
        answers = [callers.submit(model.infer, INPUTS) for _ in range(40)]
        assert tried.wait(10)
        inferences.go.release(40)
        assert all(answer.result(10).keys() == {"out"} for answer in answers)
    assert (model.copies, inferences.most) == (1, 1)
    model.close()
    assert kind.closed == 1


def fail(tried: threading.Event) -> FakeRuntime:
    tried.set()
    raise ModelError("too little memory")


def test_a_copy_that_is_loaded_after_the_end_is_closed() -> None:
    inferences, loading, go, closed = Inferences(), threading.Event(), threading.Event(), threading.Event()
    kind = held(inferences)

    class Late(kind):  # type: ignore[misc, valid-type]  # a class made by a function
        def close(self) -> None:
            closed.set()

    def load() -> FakeRuntime:
        loading.set()
        assert go.wait(10)
        return Late(FILE)

    model = BoundedRuntime(kind(FILE), PATH, load, copies_max=2)
    with ThreadPoolExecutor(40) as callers:
        for _ in range(40):
            callers.submit(model.infer, INPUTS)
        assert loading.wait(10)
        inferences.go.release(40)
    model.close()
    go.set()
    assert closed.wait(10)
    assert model.copies == 1


@pytest.mark.parametrize(
    ("single_core", "size", "num_threads", "expected"),
    [
        (True, 4_000_000, 0, 4),
        (True, 4_000_000, 2, 2),
        (True, 4_000_000, 16, 1),
        (True, 100_000_000, 0, 2),
        (True, 900_000_000, 0, 1),
        (False, 4_000_000, 0, 1),
    ],
)
def test_copies_are_bounded_by_cores_and_memory(
    single_core: bool, size: int, num_threads: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bounded_runtime, "available_cores", lambda: 4)
    kind = runtime({"out": np.zeros(2)})
    monkeypatch.setattr(kind, "single_core", single_core)
    assert copies_max(kind, size, num_threads) == expected
