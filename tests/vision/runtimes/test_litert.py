from __future__ import annotations

import threading
import weakref
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from tests.fakes import no_collection
from tests.shared import DATA, needs_data
from tests.vision import tflite_models
from vision import LiteRt, ModelError
from vision.runtimes import litert
from vision.runtimes.base import TensorInfo
from vision.runtimes.files import ModelFile


def load(folder: Path, content: bytes, num_threads: int = 0) -> LiteRt:
    path = folder / "made.tflite"
    path.write_bytes(content)
    return LiteRt(ModelFile.read(path), num_threads)


def test_inputs_and_outputs_are_named_with_shape_type_and_quantisation(tmp_path: Path) -> None:
    runtime = load(tmp_path, tflite_models.classifier(dtype="uint8", scale=0.5, zero_point=10))
    assert runtime.inputs == (TensorInfo("picture", (1, 2, 2, 3), np.dtype(np.uint8), 0.5, 10),)
    assert runtime.outputs == (TensorInfo("scores", (1, 12), np.dtype(np.uint8), 0.5, 10),)
    assert str(runtime.inputs[0]) == "picture [1, 2, 2, 3] uint8"


@pytest.mark.parametrize("num_threads", [-1, 0, 2])
def test_a_model_is_run(tmp_path: Path, num_threads: int) -> None:
    runtime = load(tmp_path, tflite_models.classifier(), num_threads)
    picture = np.arange(12, dtype=np.float32).reshape(1, 2, 2, 3)
    assert runtime.infer({"picture": picture})["scores"].tolist() == [list(range(12))]


def test_a_model_unsupported_by_xnnpack_runs_on_plain_kernels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, library = litert._library()
    tried = []

    def interpreter(experimental_op_resolver_type: object, **options: object) -> object:
        tried.append(experimental_op_resolver_type)
        if len(tried) == 1:
            raise RuntimeError("XNNPack delegate failed to reshape runtime")
        return library.Interpreter(experimental_op_resolver_type=experimental_op_resolver_type, **options)

    kernels = library.OpResolverType
    stand_in = SimpleNamespace(Interpreter=interpreter, OpResolverType=kernels)
    monkeypatch.setattr(litert, "_library", lambda: (name, stand_in))
    runtime = load(tmp_path, tflite_models.classifier())
    assert runtime.infer({"picture": np.ones((1, 2, 2, 3), np.float32)})["scores"].sum() == 12
    assert tried == [kernels.AUTO, kernels.BUILTIN_WITHOUT_DEFAULT_DELEGATES]


@pytest.mark.parametrize(("num_threads", "expected"), [(-1, 1), (0, 1), (2, 2)])
def test_an_inference_uses_one_thread_unless_told_otherwise(
    num_threads: int, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    name, library = litert._library()
    used = []

    def interpreter(**options: Any) -> object:
        used.append(options["num_threads"])
        return library.Interpreter(**options)

    stand_in = SimpleNamespace(Interpreter=interpreter, OpResolverType=library.OpResolverType)
    monkeypatch.setattr(litert, "_library", lambda: (name, stand_in))
    load(tmp_path, tflite_models.classifier(), num_threads)
    assert used == [expected]


def test_a_model_that_cannot_be_loaded_is_not_held(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    name, library = litert._library()
    held: list[weakref.ref[np.ndarray[Any, Any]]] = []

    def interpreter(**options: object) -> object:
        weights = np.ones(1)
        held.append(weakref.ref(weights))
        raise RuntimeError("no")

    stand_in = SimpleNamespace(Interpreter=interpreter, OpResolverType=library.OpResolverType)
    monkeypatch.setattr(litert, "_library", lambda: (name, stand_in))
    with no_collection():
        try:
            load(tmp_path, tflite_models.classifier())
        except ModelError as error:
            assert str(error).endswith("no")
        assert [ref() for ref in held] == [None, None]


def test_quantised_outputs_come_in_their_real_unit(tmp_path: Path) -> None:
    runtime = load(tmp_path, tflite_models.classifier(dtype="int8", scale=0.5, zero_point=-10))
    scores = runtime.infer({"picture": np.arange(12, dtype=np.int8).reshape(1, 2, 2, 3)})["scores"]
    assert scores.dtype == np.float32
    assert scores[0, :3].tolist() == [5.0, 5.5, 6.0]


def test_outputs_belong_to_the_caller(tmp_path: Path) -> None:
    runtime = load(tmp_path, tflite_models.classifier())
    first = runtime.infer({"picture": np.ones((1, 2, 2, 3), np.float32)})["scores"]
    runtime.infer({"picture": np.zeros((1, 2, 2, 3), np.float32)})
    assert first.sum() == 12


def test_a_dynamic_input_accepts_any_size(tmp_path: Path) -> None:
    sizes = (1, -1, -1, 3)
    runtime = load(
        tmp_path, tflite_models.model(tflite_models.tensor("picture", sizes), tflite_models.tensor("out", sizes))
    )
    assert runtime.inputs[0].shape == sizes
    for height, width in ((4, 6), (2, 2), (2, 2)):
        picture = np.full((1, height, width, 3), -1.0, np.float32)
        assert runtime.infer({"picture": picture})["out"].tolist() == np.zeros((1, height, width, 3)).tolist()


def test_an_input_of_a_wrong_type_is_refused_without_harm(tmp_path: Path) -> None:
    runtime = load(tmp_path, tflite_models.classifier())
    with pytest.raises(ModelError, match=r"made\.tflite: the model fails: Cannot set tensor"):
        runtime.infer({"picture": np.zeros((1, 2, 2, 3), np.uint8)})
    assert runtime.infer({"picture": np.ones((1, 2, 2, 3), np.float32)})["scores"].sum() == 12


def test_a_closed_model_raises(tmp_path: Path) -> None:
    runtime = load(tmp_path, tflite_models.classifier())
    runtime.close()
    runtime.close()
    with pytest.raises(ModelError, match=r"made\.tflite: the model is closed"):
        runtime.infer({"picture": np.ones((1, 2, 2, 3), np.float32)})


def test_several_threads_can_use_a_model(tmp_path: Path) -> None:
    runtime = load(tmp_path, tflite_models.classifier())
    wrong: list[object] = []

    def use(value: int) -> None:
        for _ in range(50):
            scores = runtime.infer({"picture": np.full((1, 2, 2, 3), value, np.float32)})["scores"]
            if not np.all(scores == value):
                wrong.append(scores)

    threads = [threading.Thread(target=use, args=(value,)) for value in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_duplicate_names_are_made_unique(tmp_path: Path) -> None:
    content = tflite_models.model(tflite_models.tensor("x", (1, 2)), tflite_models.tensor("x", (1, 2)))
    runtime = load(tmp_path, content)
    assert (runtime.inputs[0].name, runtime.outputs[0].name) == ("x", "x")


def test_a_truncated_model_is_refused(tmp_path: Path) -> None:
    content = tflite_models.classifier()
    for size in range(8, len(content) - 40, 16):
        with pytest.raises(ModelError, match=r"made\.tflite: the TFLite model is damaged or incomplete"):
            load(tmp_path, content[:size])


@needs_data
@pytest.mark.parametrize("share", [0.1, 0.5, 0.9])
def test_a_truncated_model_is_refused_before_the_library_reads_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, share: float
) -> None:
    monkeypatch.setattr(litert, "_library", lambda: pytest.fail("seen"))
    content = (DATA / "models/mobilenet_v1_0.25_224_quant.tflite").read_bytes()
    with pytest.raises(ModelError) as caught:
        load(tmp_path, content[: int(len(content) * share)])
    assert str(caught.value) == f"{tmp_path}/made.tflite: the TFLite model is damaged or incomplete; download it again"


def test_a_damaged_model_is_refused(tmp_path: Path) -> None:
    content = bytearray(tflite_models.classifier())
    content[40:60] = b"\xff" * 20
    with pytest.raises(ModelError, match=r"made\.tflite: the TFLite model is damaged or incomplete"):
        load(tmp_path, bytes(content))


def test_the_library_and_its_version_are_known() -> None:
    assert LiteRt.version().startswith("ai-edge-litert-")


@pytest.mark.parametrize(
    ("operator", "name", "sentence"),
    [
        ("edgetpu-custom-op", "ssd_edgetpu.tflite", "the TFLite model is compiled for an Edge TPU and runs only there; "
         "take the file that it was compiled from (ssd.tflite, without _edgetpu in its name)"),
        ("edgetpu-custom-op", "ssd.tflite", "the TFLite model is compiled for an Edge TPU and runs only there; take "
         "the file that it was compiled from (without _edgetpu in its name)"),
        ("FlexErf", "x.tflite", "the TFLite model needs operators of TensorFlow (Select TF ops, Flex): Erf; convert it "
         "again with target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS], or to ONNX"),
        ("Acme\x1b", "x.tflite", "the TFLite model needs operators that VERSION does not have: Acme\\x1b; convert it "
         "without them"),
    ],
)  # fmt: skip
def test_operators_that_do_not_run_here_are_named(tmp_path: Path, operator: str, name: str, sentence: str) -> None:
    picture, scores = tflite_models.tensor("picture", (1, 2)), tflite_models.tensor("scores", (1, 2))
    path = tmp_path / name
    path.write_bytes(tflite_models.model(picture, scores, f"custom:{operator}"))
    with pytest.raises(ModelError) as caught:
        LiteRt(LiteRt.read(path))
    assert str(caught.value) == f"{path}: {sentence}".replace("VERSION", LiteRt.version())
