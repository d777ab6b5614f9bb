"""Inferences that are asked for at once run as one, and each gets what it would get alone."""

from __future__ import annotations

import re
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from pydantic import ValidationError

from cameras import Classification, working_for
from tests.places import WatchedPlace
from tests.vision import onnx_models
from tests.vision.fakes import frame, runtime
from vision import MlModelAttributes, MlModelVision, ModelError, Onnx, OnnxAttributes, RuntimeDeclaration
from vision.runtimes import INFERENCE_LIMIT, Batch, ModelFile
from vision.runtimes.base import Tensor, TensorInfo
from vision.runtimes.batching import check_batches
from vision.runtimes.bounded_runtime import BoundedRuntime
from vision.runtimes.shared_models import SharedModels
from vision.runtimes.verifier import Verifier

LONG_S = 30.0
PATH = Path("model")
FREE = ("batch", 2, 2, 3)
INFO = TensorInfo("input", (-1, 2), np.dtype(np.float32))


def row(value: float, size: int = 2) -> dict[str, Tensor]:
    return {"input": np.full((1, size), value, np.float32)}


class Doubles:
    """A model that doubles its input, notes how many rows it gets, and can be held and told to refuse numbers."""

    def __init__(self, most: int, wait_s: float = LONG_S, *, refused: Sequence[float] = ()) -> None:
        self.rows: list[int] = []
        self.refused = refused
        self.entered = threading.Semaphore(0)
        self.go = threading.Event()
        self.go.set()
        self.place = WatchedPlace()
        kind = runtime(self.infer, info=INFO)
        self.rows.clear()
        while self.entered.acquire(blocking=False):
            pass
        self.model = BoundedRuntime(kind(ModelFile(PATH, b"a model", "")), PATH, batch=Batch(most, wait_s))

    def infer(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        self.rows.append(len(inputs["input"]))
        self.entered.release()
        assert self.go.wait(10)
        if np.isin(inputs["input"], self.refused).any():
            raise ModelError("the model fails")
        return {"out": inputs["input"] * 2}

    def call(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Infer as a worker does, noting when it gives its place away."""
        with working_for(self.place):
            return self.model.infer(inputs)


@pytest.fixture
def pool() -> Iterator[ThreadPoolExecutor]:
    with ThreadPoolExecutor(8) as opened:
        yield opened


def answers(futures: Sequence[Future[dict[str, Tensor]]]) -> list[float]:
    return [float(future.result(10)["out"][0, 0]) for future in futures]


def test_as_many_as_may_run_at_once_do_so_without_a_wait_and_each_gets_its_own(pool: ThreadPoolExecutor) -> None:
    doubles = Doubles(3)
    futures = [pool.submit(doubles.call, row(value)) for value in range(6)]
    assert answers(futures) == [0, 2, 4, 6, 8, 10]
    assert doubles.rows == [3, 3]
    assert all(future.result()["out"].shape == (1, 2) for future in futures)
    doubles.model.close()


def test_one_that_waited_in_vain_runs_alone() -> None:
    doubles = Doubles(8, 0.001)
    assert doubles.model.infer(row(4))["out"].tolist() == [[8, 8]]
    assert doubles.rows == [1]
    doubles.model.close()


def test_those_that_come_while_the_model_is_busy_run_together_next(pool: ThreadPoolExecutor) -> None:
    doubles = Doubles(8, 0)
    doubles.go.clear()
    first = pool.submit(doubles.call, row(1))
    assert doubles.entered.acquire(timeout=10)
    others = [pool.submit(doubles.call, row(value)) for value in (2, 3, 4)]
    for _ in others[1:]:
        assert doubles.place.gave.acquire(timeout=10)
    doubles.go.set()
    assert answers([first, *others]) == [2, 4, 6, 8]
    assert doubles.rows == [1, 3]
    doubles.model.close()


def test_who_waits_for_others_holds_no_worker_and_who_has_a_batch_run_on_this_machine_does(
    pool: ThreadPoolExecutor,
) -> None:
    doubles = Doubles(2)
    doubles.go.clear()
    futures = [pool.submit(doubles.call, row(value)) for value in (1, 2)]
    for _ in futures:
        assert doubles.place.gave.acquire(timeout=10)
    assert doubles.entered.acquire(timeout=10)
    assert doubles.place.notes.count("back") == 1, "the one that has it run has its place again"
    doubles.go.set()
    assert sorted(answers(futures)) == [2, 4]
    doubles.model.close()


def test_other_shapes_are_a_batch_of_their_own(pool: ThreadPoolExecutor) -> None:
    doubles = Doubles(2)
    inputs = [row(1), row(2, size=3), row(3), row(4, size=3)]
    assert answers([pool.submit(doubles.call, each) for each in inputs]) == [2, 4, 6, 8]
    assert doubles.rows == [2, 2]
    doubles.model.close()


def test_inputs_of_several_rows_run_alone() -> None:
    doubles = Doubles(8)
    assert doubles.model.infer({"input": np.ones((3, 2), np.float32)})["out"].shape == (3, 2)
    assert doubles.rows == [3]
    doubles.model.close()


def test_wrong_input_is_the_error_of_its_own_caller_only(pool: ThreadPoolExecutor) -> None:
    doubles = Doubles(3, refused=[2])
    good, bad, other = (pool.submit(doubles.call, row(value)) for value in (1, 2, 3))
    assert answers([good, other]) == [2, 6]
    with pytest.raises(ModelError, match="the model fails"):
        bad.result(10)
    assert sorted(doubles.rows) == [1, 1, 1, 3]
    doubles.model.close()


def test_an_error_of_the_model_is_that_of_each(pool: ThreadPoolExecutor) -> None:
    doubles = Doubles(2, refused=[1, 2])
    for future in [pool.submit(doubles.call, row(value)) for value in (1, 2)]:
        with pytest.raises(ModelError, match="the model fails"):
            future.result(10)
    doubles.model.close()


def test_a_batch_that_hangs_is_the_error_of_each_and_further_ones_are_refused_at_once(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(INFERENCE_LIMIT, "seconds", 0.02)
    doubles = Doubles(2)
    doubles.go.clear()
    for future in [pool.submit(doubles.call, row(value)) for value in (1, 2)]:
        with pytest.raises(ModelError, match=r"model: the model did not answer within 0.02 s"):
            future.result(10)
    assert doubles.model.hangs
    with pytest.raises(ModelError, match="hangs in an earlier inference"):
        doubles.model.infer(row(1))
    doubles.go.set()
    doubles.model.close()


def test_those_in_a_batch_whose_first_caller_was_given_up_are_told(
    pool: ThreadPoolExecutor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(INFERENCE_LIMIT, "seconds", 0.02)
    monkeypatch.setattr("vision.runtimes.batching.LOOK_S", 0.01)
    doubles = Doubles(2)
    doubles.place.given_up_after_s = 0.01
    doubles.go.clear()
    first = pool.submit(doubles.call, row(1))
    assert doubles.place.gave.acquire(timeout=10)  # it waits for others
    with pytest.raises(ModelError, match="hangs in an earlier inference"):
        doubles.model.infer(row(2))
    assert not first.done()
    doubles.go.set()
    assert answers([first]) == [2]
    doubles.model.close()


def test_a_closed_model_says_so_to_each(pool: ThreadPoolExecutor) -> None:
    doubles = Doubles(2)
    doubles.model.close()
    for future in [pool.submit(doubles.call, row(value)) for value in (1, 2)]:
        with pytest.raises(ModelError, match="the model is closed"):
            future.result(10)


def test_a_model_that_loses_rows_runs_one_by_one_from_then_on(
    pool: ThreadPoolExecutor, caplog: pytest.LogCaptureFixture
) -> None:
    rows: list[int] = []

    def infer(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        rows.append(len(inputs["input"]))
        return {"out": inputs["input"].max(axis=0, keepdims=True)}

    kind = runtime(infer, info=INFO)
    rows.clear()
    model = BoundedRuntime(kind(ModelFile(PATH, b"a model", "")), PATH, batch=Batch(2, LONG_S))
    assert answers([pool.submit(model.infer, row(value)) for value in (1, 2)]) == [1, 2]
    assert answers([pool.submit(model.infer, row(3))]) == [3]
    assert rows == [2, 1, 1, 1]
    assert caplog.messages == [
        "model model: batch: 2 pictures at once gave an output out of shape [1, 2]; now they run one by one"
    ]
    model.close()


def write(folder: Path, content: bytes) -> Path:
    path = folder / "made.onnx"
    path.write_bytes(content)
    return path


def operators(
    *nodes: bytes, constants: Mapping[str, NDArray[Any]] | None = None, shape: Sequence[int | str] = FREE
) -> bytes:
    kept = [onnx_models.tensor(name, array) for name, array in (constants or {}).items()]
    given = [onnx_models.value("picture", "float32", shape)]
    return onnx_models.file(nodes, kept, given, [onnx_models.value("out", "float32", ("rows", *shape[1:]))])


def sums_rows() -> bytes:
    axis = {"axis": np.array(0, np.int64)}
    return operators(onnx_models.node("CumSum", ["picture", "axis"], "out"), constants=axis)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            onnx_models.model(operator="Relu"),
            "batch: the model takes one picture at a time, since the first size of its input picture [1, 2, 2, 3] "
            "float32 is fixed; export it with a dynamic batch axis (Ultralytics: dynamic=True; torch.onnx.export: "
            "dynamic_axes={'picture': {0: 'batch'}}), or leave batch out",
        ),
        (
            onnx_models.model({"scores": np.ones((1, 5), np.float32)}, shape=FREE),
            "batch: the model has an output scores without one row for each picture: its shape is [1, 5] for one and "
            "[1, 5] for two; export it so that it does, or leave batch out",
        ),
        (
            onnx_models.model(shape=FREE, reshape=(1, 12)),
            "batch: the model does not run two pictures at once (MADE: the model fails: .*); export it so that it "
            "does, or leave batch out",
        ),
        (
            sums_rows(),
            "batch: the model gives other values in its output out for a picture beside another than for it alone; "
            "export it so that it does, or leave batch out",
        ),
    ],
    ids=["fixed", "one row for all", "fails", "mixes rows"],
)
def test_a_model_that_cannot_run_batches_is_refused_when_it_is_loaded(
    tmp_path: Path, content: bytes, sentence: str
) -> None:
    path = write(tmp_path, content)
    models = SharedModels(Verifier(tmp_path / "cache"))
    models.acquire(Onnx, path).close()
    with pytest.raises(ModelError) as caught:
        models.acquire(Onnx, path, batch=Batch(8, 0.005))
    pattern = re.escape(sentence).replace("MADE", re.escape(str(path))).replace(r"\.\*", ".*")
    assert re.fullmatch(f"{re.escape(str(path))}: {pattern}", str(caught.value)), str(caught.value)
    assert models.loaded == 0


def test_a_model_of_another_size_than_those_of_the_trial_is_not_refused(tmp_path: Path) -> None:
    shape = ("batch", 3, "height", "width")
    fixed = {"sides": np.array([-1, 3, 5, 5], np.int64)}
    content = operators(onnx_models.node("Reshape", ["picture", "sides"], "out"), constants=fixed, shape=shape)
    check_batches(Onnx(ModelFile.read(write(tmp_path, content))), PATH)


def test_models_with_other_batches_are_loaded_apart(tmp_path: Path) -> None:
    path = write(tmp_path, onnx_models.model(operator="Relu", shape=FREE))
    models = SharedModels(Verifier(tmp_path / "cache"))
    batches = (None, Batch(8, 0.0), Batch(4, 0.0), Batch(8, 0.0))
    handles = [models.acquire(Onnx, path, batch=batch) for batch in batches]
    assert models.loaded == 3
    assert handles[1].runtime is handles[3].runtime
    for handle in handles:
        handle.close()
    assert len(list((tmp_path / "cache").iterdir())) == 2, "alone, and in batches"


def test_a_declared_batch_gives_each_camera_what_its_picture_shows(tmp_path: Path, pool: ThreadPoolExecutor) -> None:
    names = {"names": str([*"abcdefghijkl"])}
    path = write(tmp_path, onnx_models.model(shape=FREE, reshape=(-1, 12), metadata=names))
    normal = {"input_image_mean_value": (0.0, 0.0, 0.0), "input_image_std_dev": (1.0, 1.0, 1.0)}
    models = SharedModels(Verifier(tmp_path / "cache"))

    def service(**batch: Any) -> MlModelVision:
        declared = RuntimeDeclaration("m", "onnx", OnnxAttributes.model_validate({"model_path": path, **batch}))
        attributes = MlModelAttributes.model_validate({"mlmodel_name": "m", **normal})
        return MlModelVision("made", attributes, declared, models=models)

    pictures = [frame(color=(0, 51 * number, 255)) for number in range(6)]
    predict: Callable[[Any], Any]
    with service().open_session() as session:
        alone = [session.predict(Classification, frame(color=(0, 51 * number, 255))) for number in range(6)]
    together = service(batch={"max": 3, "wait_ms": 20})
    with together.open_session() as session:
        predict = lambda picture: session.predict(Classification, picture)  # noqa: E731
        assert list(pool.map(predict, pictures)) == alone
    assert together.understood is not None
    assert together.understood.because["input"].endswith(
        "; up to 3 pictures run at once; each waits up to 20 ms for others"
    )


@pytest.mark.parametrize(
    ("given", "expected"),
    [({}, Batch(8, 0.005)), ({"max": 2, "wait_ms": 0}, Batch(2, 0.0)), ({"max": 64, "wait_ms": 1000}, Batch(64, 1.0))],
)
def test_batches_are_declared_with_defaults(given: dict[str, object], expected: Batch) -> None:
    declared = OnnxAttributes.model_validate({"model_path": Path("m"), "batch": given})
    assert declared.batching() == expected
    assert OnnxAttributes(model_path=Path("m")).batching() is None


@pytest.mark.parametrize(
    ("given", "key"),
    [({"max": 1}, "max"), ({"max": 65}, "max"), ({"wait_ms": -1}, "wait_ms"), ({"wait_ms": 1001}, "wait_ms")],
)
def test_limits_of_batches(given: dict[str, object], key: str) -> None:
    with pytest.raises(ValidationError) as caught:
        OnnxAttributes.model_validate({"model_path": Path("m"), "batch": given})
    (problem,) = caught.value.errors()
    assert problem["loc"] == ("batch", key)
