from __future__ import annotations

import logging
import os
import re
import subprocess
import sys
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from cameras import Classification
from tests.vision import onnx_models, tflite_models
from tests.vision.fakes import frame
from vision import MlModelAttributes, MlModelVision, ModelError, Onnx, OnnxAttributes, RuntimeDeclaration
from vision.runtimes import onnx
from vision.runtimes.base import TensorInfo
from vision.runtimes.files import ModelFile
from vision.runtimes.shared_models import SharedModels
from vision.runtimes.verifier import Verifier

PICTURE = np.arange(12, dtype=np.float32).reshape(1, 2, 2, 3)


def write(folder: Path, content: bytes) -> ModelFile:
    path = folder / "made.onnx"
    path.write_bytes(content)
    return ModelFile.read(path)


class FakeLibrary:
    """ONNX Runtime on a machine with a GPU, which starts or does not."""

    def __init__(self, available: tuple[str, ...], started: tuple[str, ...]) -> None:
        self.available, self.started = available, started
        self.requested: list[str] = []
        self.real = onnx._library()
        self.SessionOptions = self.real.SessionOptions

    def get_available_providers(self) -> tuple[str, ...]:
        return self.available

    def InferenceSession(self, content: bytes, options: Any, providers: list[str]) -> Any:
        self.requested = providers
        session = self.real.InferenceSession(content, options, providers=[onnx.CPU])
        session.get_providers = lambda: self.started
        return session


def test_inputs_and_outputs_are_named_with_shape_and_type(tmp_path: Path) -> None:
    content = onnx_models.model({"scores": np.zeros((1, 5), np.int64)}, shape=("batch", 3, "height", 20), dtype="uint8")
    runtime = Onnx(write(tmp_path, content))
    assert runtime.inputs == (TensorInfo("picture", (-1, 3, -1, 20), np.dtype(np.uint8)),)
    assert runtime.outputs == (TensorInfo("scores", (1, 5), np.dtype(np.int64)),)
    assert runtime.provider == "cpu"


@pytest.mark.parametrize("num_threads", [-1, 0, 2])
def test_a_model_is_run(tmp_path: Path, num_threads: int) -> None:
    runtime = Onnx(write(tmp_path, onnx_models.model(reshape=(1, 12))), num_threads)
    assert runtime.infer({"picture": PICTURE})["out"].tolist() == [list(range(12))]


@pytest.mark.parametrize(("num_threads", "expected"), [(-1, 3), (0, 3), (2, 2)])
def test_an_inference_uses_the_threads_that_suit_the_library_unless_told_otherwise(
    num_threads: int, expected: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(onnx, "onnx_threads", lambda: 3)
    runtime = Onnx(write(tmp_path, onnx_models.model(operator="Relu")), num_threads)
    assert runtime._session.get_session_options().intra_op_num_threads == expected


def test_an_input_of_a_wrong_type_is_refused_without_harm(tmp_path: Path) -> None:
    runtime = Onnx(write(tmp_path, onnx_models.model(operator="Relu")))
    with pytest.raises(ModelError, match=r"made\.onnx: the model fails: .*Unexpected input data type"):
        runtime.infer({"picture": PICTURE.astype(np.uint8)})
    assert runtime.infer({"picture": -PICTURE})["out"].sum() == 0


def test_a_closed_model_raises(tmp_path: Path) -> None:
    runtime = Onnx(write(tmp_path, onnx_models.model(operator="Relu")))
    runtime.close()
    runtime.close()
    with pytest.raises(ModelError, match=r"made\.onnx: the model is closed"):
        runtime.infer({"picture": PICTURE})


def test_several_threads_can_use_a_model(tmp_path: Path) -> None:
    runtime = Onnx(write(tmp_path, onnx_models.model(operator="Relu")))
    wrong: list[object] = []

    def use(value: int) -> None:
        for _ in range(50):
            out = runtime.infer({"picture": np.full_like(PICTURE, value)})["out"]
            if not np.all(out == value):
                wrong.append(out)

    threads = [threading.Thread(target=use, args=(value,)) for value in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


@pytest.mark.parametrize(
    ("metadata", "labels", "size"),
    [
        ({"names": "{0: 'person', 1: 'bicycle'}", "imgsz": "[320, 640]"}, ("person", "bicycle"), (320, 640)),
        ({"names": "{0: 'person', 2: \"driver's car\"}"}, ("person", "???", "driver's car"), ()),
        ({"labels": '["cat", "dog"]', "imgsz": "64"}, ("cat", "dog"), (64, 64)),
        ({"classes": "cat, dog"}, ("cat", "dog"), ()),
        ({"names": "{0: __import__('os')}", "imgsz": "[0, 1]"}, (), ()),
        ({"names": "{'x': 'cat'}"}, (), ()),
        ({"names": "{99999999: 'cat'}"}, (), ()),
        ({"names": "[" * 99_999}, (), ()),
        ({"classes": "hot dog"}, ("hot dog",), ()),
        ({"stride": "32"}, (), ()),
    ],
)
def test_labels_and_size_are_read_from_the_metadata(
    tmp_path: Path, metadata: dict[str, str], labels: tuple[str, ...], size: tuple[int, ...]
) -> None:
    found = Onnx(write(tmp_path, onnx_models.model(operator="Relu", metadata=metadata))).metadata
    assert (found.labels, found.size) == (labels, size)


def test_ultralytics_models_take_values_from_0_to_1(tmp_path: Path) -> None:
    found = Onnx(write(tmp_path, onnx_models.model(operator="Relu", metadata={"author": "Ultralytics"}))).metadata
    assert (found.mean, found.std) == ((0.0,), (255.0,))


def test_a_truncated_model_is_refused(tmp_path: Path) -> None:
    content = onnx_models.model({"x": np.ones((1, 100), np.float32)})
    for size in range(10, len(content) - 4, 16):
        with pytest.raises(ModelError) as caught:
            Onnx.check_format(write(tmp_path, content[:size]))
        assert str(caught.value) == f"{tmp_path}/made.onnx: the ONNX model is damaged or incomplete; download it again"


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (b"hello there", "text: 'hello there'"),
        (tflite_models.classifier(), "a TFLite model"),
        (b"\x89PNG\r\n\x1a\n", "a PNG picture"),
        (b"\x00\x00\x00\x00ORTM", "an ORT model; use the ONNX file that it was converted from"),
    ],
)
def test_a_file_of_another_format_is_refused_by_name(tmp_path: Path, content: bytes, words: str) -> None:
    with pytest.raises(ModelError) as caught:
        Onnx.check_format(write(tmp_path, content))
    assert str(caught.value) == f"{tmp_path}/made.onnx: is not an ONNX model but {words}"


def test_a_model_that_cannot_be_loaded_is_refused_with_a_reason(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"made\.onnx: the ONNX model cannot be loaded: .*Nonsense") as caught:
        Onnx(write(tmp_path, onnx_models.model(operator="Nonsense")))
    assert "[ONNXRuntimeError]" not in str(caught.value)


@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (
            onnx_models.model(operator="Relu").replace(onnx_models.field(1, 8), onnx_models.field(1, 99), 1),
            r"the ONNX model is written in IR version 99, and onnxruntime-\S+ reads up to \d+; update ONNX Runtime, or "
            r"export the model with an older onnx package \(`model.ir_version = \d+`\)",
        ),
        (
            onnx_models.model(operator="Relu").replace(onnx_models.field(2, 13), onnx_models.field(2, 99)),
            r"the ONNX model uses opset 99, and onnxruntime-\S+ supports up to \d+; update ONNX Runtime, or export the "
            r"model with opset=\d+",
        ),
        (
            onnx_models.model(operator="Nonsense"),
            r"the ONNX model cannot be loaded: it needs the operator Nonsense, which onnxruntime-\S+ does not have",
        ),
        (
            onnx_models.model(operator="Conv"),
            r"the ONNX model cannot be loaded: .*Node with schema\(::Conv:11\) has input size 1 not in range "
            r"\[min=2, max=3\]\.",
        ),
    ],
    ids=["ir", "opset", "operator", "inputs"],
)
def test_what_is_too_new_or_missing_is_named_with_both_versions(tmp_path: Path, content: bytes, sentence: str) -> None:
    with pytest.raises(ModelError) as caught:
        Onnx(write(tmp_path, content))
    assert re.fullmatch(f"{tmp_path}/made.onnx: {sentence}", str(caught.value))


@pytest.mark.parametrize(
    "domain", [b"", onnx_models.field(8, onnx_models.field(1, "com.acme") + onnx_models.field(2, 1))]
)
def test_operators_of_other_domains_are_named(tmp_path: Path, domain: bytes) -> None:
    step = onnx_models.node("Relu", ["picture"], "out") + onnx_models.field(7, "com.acme")
    picture, out = (onnx_models.value(name, "float32", (1, 3)) for name in ("picture", "out"))
    with pytest.raises(ModelError, match=r"it needs the operator com\.acme:Relu, which onnxruntime-\S+ does not have"):
        Onnx(write(tmp_path, onnx_models.file([step], [], [picture], [out]) + domain))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("[ONNXRuntimeError] : 1 : FAIL : /src/onnxruntime/graph/model.cc:256 onnxruntime::Model::Model(onnx::P&& a, "
         "const std::function<void(int)>&) const [with T = x] status.IsOK() was false. foo(1)",
         "status.IsOK() was false. foo(1)"),
        ("[ONNXRuntimeError] : 6 : RUNTIME_EXCEPTION : in a.cc:12 void f() b.h:3 g(", "in g("),
        ("plain", "plain"),
    ],
)  # fmt: skip
def test_signatures_of_functions_are_not_shown(text: str, reason: str) -> None:
    assert onnx._first_line(RuntimeError(text)) == reason


def test_without_the_library_the_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    onnx._library.cache_clear()
    with monkeypatch.context() as patch:
        patch.setitem(__import__("sys").modules, "onnxruntime", None)
        with pytest.raises(ModelError, match=r"ONNX Runtime is not installed; `pip install camweave\[onnx\]`"):
            Onnx.version()
    onnx._library.cache_clear()
    assert Onnx.version().startswith("onnxruntime-")


def test_the_library_keeps_what_it_sees_to_itself(tmp_path: Path) -> None:
    write(tmp_path, onnx_models.model({"scores": np.zeros((1, 5), np.float32)}))
    program = (
        "from pathlib import Path; from vision import Onnx; from vision.runtimes.files import ModelFile; "
        "Onnx(ModelFile.read(Path('made.onnx'))).close()"
    )
    # It would also be silent where continuous integration runs.
    environment = {name: value for name, value in os.environ.items() if name not in ("CI", "ORT_DISABLE_TELEMETRY")}
    environment |= {"HOME": str(tmp_path), "XDG_CACHE_HOME": str(tmp_path / "cache")}
    environment |= {"PYTHONPATH": os.pathsep.join(filter(None, sys.path))}
    subprocess.run([sys.executable, "-c", program], cwd=tmp_path, env=environment, check=True, timeout=60)
    assert [path.name for path in tmp_path.rglob("*")] == ["made.onnx"], "it stores what it will report"


def test_a_missing_provider_is_an_error_unless_another_follows(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    file = write(tmp_path, onnx_models.model(operator="Relu"))
    with pytest.raises(ModelError) as caught:
        Onnx(file, 0, ("cuda", "tensorrt"))
    assert str(caught.value) == (
        f"{file.path}: providers: {Onnx.version()} cannot run on cuda or tensorrt, only on cpu; install a build of "
        "ONNX Runtime that can (onnxruntime-gpu for cuda) or add cpu"
    )
    with caplog.at_level(logging.WARNING):
        assert Onnx(file, 0, ("cuda", "cpu")).provider == "cpu"
    assert "does not support cuda, trying the next provider" in caplog.text


def test_an_available_provider_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    library = FakeLibrary(("CUDAExecutionProvider", onnx.CPU), ("CUDAExecutionProvider", onnx.CPU))
    monkeypatch.setattr(onnx, "_library", lambda: library)
    assert Onnx(write(tmp_path, onnx_models.model(operator="Relu")), 0, ("cuda", "cpu")).provider == "cuda"
    assert library.requested == ["CUDAExecutionProvider", onnx.CPU]


@pytest.mark.parametrize(
    ("provider", "elsewhere"), [("cuda", True), ("tensorrt", True), ("xnnpack", False), ("cpu", False)]
)
def test_a_model_on_a_gpu_runs_elsewhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, provider: str, elsewhere: bool
) -> None:
    library = FakeLibrary((onnx.PROVIDERS[provider],), (onnx.PROVIDERS[provider],))
    monkeypatch.setattr(onnx, "_library", lambda: library)
    assert Onnx(write(tmp_path, onnx_models.model(operator="Relu")), 0, (provider,)).elsewhere is elsewhere


def test_a_provider_that_does_not_start_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    library = FakeLibrary(("CUDAExecutionProvider", onnx.CPU), (onnx.CPU,))
    monkeypatch.setattr(onnx, "_library", lambda: library)
    file = write(tmp_path, onnx_models.model(operator="Relu"))
    with pytest.raises(ModelError, match="providers: cuda does not start on this machine"):
        Onnx(file, 0, ("cuda",))
    with caplog.at_level(logging.WARNING):
        assert Onnx(file, 0, ("cuda", "cpu")).provider == "cpu"
    assert "cuda does not start on this machine" in caplog.text


def test_providers_have_short_and_full_names() -> None:
    assert OnnxAttributes(model_path=Path("m"), providers=("CUDAExecutionProvider", "CPU")).preferred() == (
        "cuda",
        "cpu",
    )
    assert OnnxAttributes(model_path=Path("m")).preferred() == ("cpu",)


@pytest.mark.parametrize(
    ("providers", "sentence"),
    [
        (["gpu"], "Value error, must each be one of cpu, cuda, tensorrt, migraphx, openvino, coreml, dml, qnn, "
         "xnnpack, webgpu, got 'gpu'"),
        (["cpu", "CPUExecutionProvider"], "Value error, must not contain a name twice, got ['cpu', "
         "'CPUExecutionProvider']"),
        ([], "Tuple should have at least 1 item after validation, not 0"),
    ],
)  # fmt: skip
def test_invalid_providers_are_refused(providers: list[str], sentence: str) -> None:
    with pytest.raises(ValidationError) as caught:
        OnnxAttributes.model_validate({"model_path": Path("m"), "providers": providers})
    (problem,) = caught.value.errors()
    assert (problem["loc"], problem["msg"]) == (("providers",), sentence)


def test_a_runtime_is_selected_by_suffix_and_verified_in_a_child(tmp_path: Path) -> None:
    path = write(tmp_path, onnx_models.model(reshape=(1, 12), metadata={"names": str([*"abcdefghijkl"])})).path
    verifier = Verifier(tmp_path / "cache")
    declared = MlModelAttributes(model_path=path, input_image_mean_value=(0, 0, 0), input_image_std_dev=(1, 1, 1))
    with MlModelVision("made", declared, models=SharedModels(verifier)).open_session() as classifier:
        found = classifier.predict(Classification, frame(color=(0, 51, 255)))
    assert {item.label for item in found[:4]} == {"a", "d", "g", "j"}
    assert found[0].confidence == pytest.approx(1.0)
    assert len(list((tmp_path / "cache").iterdir())) == 1


def test_a_declared_model_runs_on_its_providers(tmp_path: Path) -> None:
    path = write(tmp_path, onnx_models.model(reshape=(1, 12))).path
    runtime = RuntimeDeclaration("m", "onnx", OnnxAttributes(model_path=path, providers=("cuda",)))
    service = MlModelVision(
        "made", MlModelAttributes(mlmodel_name="m"), runtime, models=SharedModels(Verifier(tmp_path))
    )
    with pytest.raises(ModelError, match="providers: .* cannot run on cuda, only on cpu"):
        service.inspect()
