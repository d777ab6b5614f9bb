from __future__ import annotations

import importlib
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from tests.vision import captioner_models, onnx_models, tflite_models
from vision import LiteRt, ModelError, Onnx
from vision.runtimes.files import ModelFile
from vision.runtimes.verifier import MARK, START, Verifier
from vision.runtimes.verify import verify_model


@pytest.fixture
def good(tmp_path: Path) -> ModelFile:
    path = tmp_path / "good.tflite"
    path.write_bytes(tflite_models.classifier())
    return ModelFile.read(path)


def child(code: str) -> tuple[str, ...]:
    return (sys.executable, "-c", code)


def error(verifier: Verifier, file: ModelFile) -> str:
    with pytest.raises(ModelError) as caught:
        verifier.verify(LiteRt, file)
    return str(caught.value).replace(str(file.path), "FILE")


def test_a_good_file_passes_and_is_cached_on_disk(tmp_path: Path, good: ModelFile) -> None:
    cache = tmp_path / "cache" / "deep"
    Verifier(cache).verify(LiteRt, good)
    assert [path.name for path in cache.iterdir()] == [f"{good.sha256}-{LiteRt.version()}"]
    Verifier(cache, command=child("raise SystemExit(3)")).verify(LiteRt, good)


def test_a_good_file_is_verified_once_without_a_cache(tmp_path: Path, good: ModelFile) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    tries = tmp_path / "tries"
    code = f"open({str(tries)!r}, 'a').write('x'); print({MARK + '{' + chr(34) + 'error' + chr(34) + ': null}'!r})"
    verifier = Verifier(in_the_way / "cache", command=child(code))
    verifier.verify(LiteRt, good)
    verifier.verify(LiteRt, good)
    assert tries.read_text() == "x"


def test_a_bad_file_is_cached_until_the_process_ends(tmp_path: Path, good: ModelFile) -> None:
    tries = tmp_path / "tries"
    verifier = Verifier(tmp_path / "cache", command=child(f"open({str(tries)!r}, 'a').write('x'); raise SystemExit(3)"))
    expected = "FILE: the model is damaged: verifying it ended with exit code 3: no output"
    assert [error(verifier, good), error(verifier, good)] == [expected, expected]
    assert tries.read_text() == "x"
    assert not (tmp_path / "cache").exists()  # only a good file is remembered for the next process
    Verifier(tmp_path / "cache").verify(LiteRt, good)


@pytest.mark.parametrize(
    ("code", "sentence"),
    [
        (
            "import os, signal; os.kill(os.getpid(), signal.SIGSEGV)",
            "FILE: the model is damaged: it crashes the process that loads it (SIGSEGV); fetch or convert it again",
        ),
        ("print('ok')", "FILE: the model is damaged: verifying it ended with exit code 0: no output"),
        (f"print('{MARK}[]')", "FILE: the model is damaged: verifying it ended with exit code 0: no output"),
        (
            "import sys; sys.exit('out of memory')",
            "FILE: the model is damaged: verifying it ended with exit code 1: out of memory",
        ),
        (f"print('''noise\\n{MARK}{{\"error\": \"is odd\"}}''')", "FILE: is odd"),
    ],
)
def test_a_crash_of_the_child_is_reported(tmp_path: Path, good: ModelFile, code: str, sentence: str) -> None:
    assert error(Verifier(tmp_path / "cache", command=child(code)), good) == sentence


def test_a_child_is_ended_when_it_has_used_its_time(
    tmp_path: Path, good: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("cameras.processes.deadline.PATIENCE", 1000.0)
    verifier = Verifier(tmp_path / "cache", 0.2, child("while True: pass"))
    sentence = "FILE: the model does not load and run within 0.2 s; it is too large or damaged"
    assert [error(verifier, good), error(verifier, good)] == [sentence, sentence]


def test_a_file_is_tried_again_after_a_child_that_did_not_get_the_processor(tmp_path: Path, good: ModelFile) -> None:
    verifier = Verifier(tmp_path / "cache", 0.3, child("import threading; threading.Event().wait()"))
    sentence = r"FILE: the process that loads it got 0\.\d s of CPU time in \d\.\d s: this machine is too busy, or .*"
    assert re.fullmatch(sentence, error(verifier, good))
    verifier._command = child("raise SystemExit(3)")
    assert error(verifier, good).startswith("FILE: the model is damaged")


def test_a_child_that_cannot_start_is_reported(tmp_path: Path, good: ModelFile) -> None:
    verifier = Verifier(tmp_path / "cache", command=("/no/such/python",))
    assert error(verifier, good).startswith("FILE: cannot be verified in a child process: [Errno 2]")


def test_the_environment_sets_the_cache_folder(
    tmp_path: Path, good: ModelFile, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "elsewhere"))
    Verifier().verify(LiteRt, good)
    assert (tmp_path / "elsewhere/camweave/verified" / f"{good.sha256}-{LiteRt.version()}").is_file()


def test_the_child_process_starts_in_any_folder(tmp_path: Path, good: ModelFile) -> None:
    (tmp_path / "vision.py").write_text("raise SystemExit('the wrong one')")
    before = Path.cwd()
    try:
        os.chdir(tmp_path)
        Verifier(tmp_path / "cache").verify(LiteRt, good)
    finally:
        os.chdir(before)


def test_verifying_reports_the_reason(tmp_path: Path, good: ModelFile) -> None:
    assert verify_model(LiteRt, good.path, good.sha256) is None
    assert verify_model(LiteRt, good.path, "0" * 64) == "the file has changed while it was being checked; try again"
    path = tmp_path / "text.tflite"
    path.write_text("hello")
    assert verify_model(LiteRt, path, ModelFile.read(path).sha256) == "is not a TFLite model but text: 'hello'"


def run_module(file: ModelFile, given: str) -> list[str]:
    done = subprocess.run(
        [sys.executable, "-m", "vision.runtimes.verify", "vision.runtimes.litert:LiteRt", str(file.path), file.sha256],
        input=given,
        capture_output=True,
        text=True,
        check=True,
        cwd=Path(__file__).parents[3],
    )
    return done.stdout.splitlines()


def test_the_child_runs_as_a_module(good: ModelFile) -> None:
    assert run_module(good, START.decode())[-1] == f'{MARK}{{"error": null}}'


def test_the_child_runs_no_model_if_the_program_ended_before_it_was_bound(good: ModelFile) -> None:
    assert run_module(good, "") == []


def test_encoder_and_decoder_are_verified_with_fitting_inputs(tmp_path: Path) -> None:
    for name, content in (("encoder", captioner_models.encoder()), ("decoder", captioner_models.decoder())):
        path = tmp_path / f"{name}.onnx"
        path.write_bytes(content)
        assert verify_model(Onnx, path, ModelFile.read(path).sha256) is None


@pytest.mark.parametrize("side_px", [16, 224])
def test_a_model_of_unknown_size_can_refuse_every_sample(tmp_path: Path, side_px: int) -> None:
    path = tmp_path / "encoder.onnx"
    path.write_bytes(captioner_models.encoder(side_px))
    assert verify_model(Onnx, path, ModelFile.read(path).sha256) is None


def test_a_merged_decoder_is_verified_without_its_cache(tmp_path: Path) -> None:
    path = tmp_path / "decoder.onnx"
    switch, made = (onnx_models.value(name, "bool", (1,)) for name in ("use_cache_branch", "out"))
    path.write_bytes(onnx_models.file([onnx_models.node("Not", ["use_cache_branch"], "out")], [], [switch], [made]))
    assert verify_model(Onnx, path, ModelFile.read(path).sha256) is None


def test_a_model_that_refuses_its_declared_size_is_damaged(tmp_path: Path) -> None:
    path = tmp_path / "encoder.onnx"
    node = onnx_models.node("Reshape", ["picture", "sides"], "out")
    sides = onnx_models.tensor("sides", np.array([1, 3, 9, 9], np.int64))
    given, made = (
        onnx_models.value("picture", "float32", (1, 3, 8, 8)),
        onnx_models.value("out", "float32", (1, 3, "a", "b")),
    )
    path.write_bytes(onnx_models.file([node], [sides], [given], [made]))
    error = verify_model(Onnx, path, ModelFile.read(path).sha256)
    assert error is not None and error.startswith("the ")


FOREIGN = """
from vision import Metadata, ModelError, Runtime, TensorInfo
import numpy as np
import os


class Number(Runtime):
    model_name = "number"
    inputs = (TensorInfo("input", (-1, 2, 2, 3), np.dtype(np.float32)),)
    outputs = (TensorInfo("output", (1,), np.dtype(np.float32)),)
    metadata = Metadata()

    def __init__(self, file, num_threads=0, providers=()):
        if not file.content.isdigit():
            raise ModelError(f"{file.path}: is not a number")

    @classmethod
    def version(cls):
        return "number-1"

    def infer(self, inputs):
        if len(inputs["input"]) > 1:
            os.abort()
        return {"output": inputs["input"].sum(keepdims=True)[0, 0, 0]}

    def close(self):
        pass
"""


def test_a_foreign_runtime_is_verified_in_a_child(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "elsewhere" / "foreign_number.py").write_text(FOREIGN)
    monkeypatch.syspath_prepend(tmp_path / "elsewhere")
    runtime = importlib.import_module("foreign_number").Number
    for name, content in (("good", "12"), ("bad", "twelve")):
        (tmp_path / name).write_text(content)
    verifier = Verifier(tmp_path / "cache")
    verifier.verify(runtime, ModelFile.read(tmp_path / "good"))
    with pytest.raises(ModelError, match="bad: is not a number$"):
        verifier.verify(runtime, ModelFile.read(tmp_path / "bad"))
    with pytest.raises(ModelError, match=r"good: the model is damaged: it crashes .*SIGABRT"):
        verifier.verify(runtime, ModelFile.read(tmp_path / "good"), in_batches=True)


def test_a_model_that_takes_no_batches_is_not_damaged(good: ModelFile) -> None:
    assert verify_model(LiteRt, good.path, good.sha256, in_batches=True) is None


def test_a_runtime_that_the_child_cannot_import_is_reported(good: ModelFile, tmp_path: Path) -> None:
    class Inner(LiteRt):
        """A class that only this test can reach."""

    with pytest.raises(ModelError, match=r"a new process cannot import its runtime tests\.vision\.runtimes.*Inner"):
        Verifier(tmp_path / "cache").verify(Inner, good)
