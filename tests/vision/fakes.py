"""Fake runtimes with given outputs, and frames of one colour."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np

from cameras import Frame, Pixels
from vision import MlModelAttributes, MlModelVision, Runtime, RuntimeAttributes, RuntimeDeclaration
from vision.runtimes.base import Metadata, Tensor, TensorInfo
from vision.runtimes.files import ModelError, ModelFile
from vision.runtimes.shared_models import SharedModels
from vision.runtimes.verifier import Verifier

InferFunction = Callable[[Mapping[str, Tensor]], dict[str, Tensor]]
INPUT = TensorInfo("input", (1, 4, 4, 3), np.dtype(np.uint8))


class FakeRuntime(Runtime):
    """A model that counts its loads and closes.

    Attributes:
        function: Computes the outputs.
        requests: The inputs of each inference so far.
        load_error: Raised on load, if set.
        resume: Inferences wait for it, if set.
    """

    model_name = "fake"
    trusted = True
    function: InferFunction
    loaded: int = 0
    closed: int = 0
    requests: list[Mapping[str, Tensor]]
    load_error: ModelError | None = None
    resume: threading.Event | None = None

    def __init__(self, file: ModelFile, num_threads: int = 0, providers: Sequence[str] = ()) -> None:
        kind = type(self)
        if kind.load_error is not None:
            raise kind.load_error
        kind.loaded += 1
        self.num_threads = num_threads

    @classmethod
    def version(cls) -> str:
        return "fake-1"

    def infer(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        kind = type(self)
        kind.requests.append(dict(inputs))
        if kind.resume is not None:
            kind.resume.wait()
        return kind.function(inputs)

    def close(self) -> None:
        type(self).closed += 1


def runtime(
    outputs: InferFunction | Mapping[str, Any],
    *,
    metadata: Metadata | None = None,
    info: TensorInfo = INPUT,
    quantised: Mapping[str, float] | None = None,
) -> type[FakeRuntime]:
    """Return a runtime with fixed outputs, as arrays by name, or a function from inputs to outputs."""
    if callable(outputs):
        function: InferFunction = outputs
    else:
        arrays = {name: np.asarray(value) for name, value in outputs.items()}
        arrays = {n: a.astype(np.float32) if a.dtype == np.float64 else a for n, a in arrays.items()}

        def function(inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
            return dict(arrays)

    sample = function({info.name: np.zeros([abs(size) for size in info.shape], info.dtype)})
    infos = tuple(TensorInfo(name, array.shape, array.dtype) for name, array in sample.items())
    values = {
        "function": staticmethod(function),
        "inputs": (info,),
        "outputs": infos,
        "metadata": metadata or Metadata(),
        "requests": [],
    }
    return type("FakeModel", (FakeRuntime,), values)


def service(
    runtime_type: type[Runtime],
    folder: Path,
    *,
    name: str = "fake",
    models: SharedModels | None = None,
    **attributes: Any,
) -> MlModelVision:
    """Return a vision service on a fake model file."""
    path = folder / "model.fake"
    path.write_bytes(b"a model")
    declared = MlModelAttributes(mlmodel_name="model", **attributes)
    declaration = RuntimeDeclaration("model", runtime_type.model_name, RuntimeAttributes(model_path=path))
    return MlModelVision(
        name,
        declared,
        declaration,
        runtimes={runtime_type.model_name: runtime_type},
        models=models or SharedModels(Verifier(folder / "cache")),
    )


def frame(width: int = 8, height: int = 8, color: tuple[int, int, int] = (10, 20, 30)) -> Frame:
    """Return a frame of one colour (blue, green, red)."""
    return Frame(Pixels.from_bgr(np.full((height, width, 3), color, np.uint8)), 0, Fraction(1, 30), 0.0)
