"""TFLite models, on LiteRT where it is installed, else on tflite-runtime. The only file that imports either."""

from __future__ import annotations

import importlib
import importlib.metadata
import re
import struct
import threading
from collections.abc import Mapping, Sequence
from contextlib import nullcontext
from dataclasses import replace
from functools import cache
from typing import Any, ClassVar

import numpy as np

from cameras import TFLITE_THREADS, one_line

from .base import Runtime, RuntimeAttributes, Tensor, TensorInfo
from .encodings import root
from .files import ModelError, ModelFile
from .first_step import first_step_of_tflite, with_range
from .last_step import endings_of_tflite
from .stderr import notices_suppressed
from .tflite_metadata import read_metadata

# Raised by the libraries for a model they cannot use.
_FAILURES = (ValueError, RuntimeError, SystemError, MemoryError, OverflowError, TypeError, KeyError)
_LIBRARIES = (("ai-edge-litert", "ai_edge_litert.interpreter"), ("tflite-runtime", "tflite_runtime.interpreter"))


_EDGE_TPU = "edgetpu-custom-op"
_FLEX = "Flex"  # before the names of operators of TensorFlow
_KNOWN_OPERATORS = ("TFLite_Detection_PostProcess",)
# How the versions of the library say that they lack an operator.
_MISSING = ("nresolved custom op", "find custom op", "missing custom operator")
_MOST_NAMED = 5  # operators in an error
_PLACE = re.compile(r"\S+\.(?:cc|h|cpp):\d+:? ")


@cache
def _library() -> tuple[str, Any]:
    """Return the distribution and the interpreter module of the first library that is installed."""
    for distribution, module in _LIBRARIES:
        try:
            with notices_suppressed():  # LiteRT 2.0.2 logs a line about oneDNN
                return distribution, importlib.import_module(module)
        except ImportError:
            continue
    raise ModelError("no TFLite library is installed; install ai-edge-litert (or tflite-runtime with numpy<2)")


class LiteRtAttributes(RuntimeAttributes):
    """Attributes of ``model: tflite_cpu`` in the YAML."""


class LiteRt(Runtime):
    """A TFLite model on the CPU, with the kernels that the library chooses (XNNPACK where it supports the model)."""

    model_name = "tflite_cpu"
    suffixes = (".tflite", ".lite")
    single_core = True
    attributes_type = LiteRtAttributes
    _has_logged: ClassVar[bool] = False

    def __init__(self, file: ModelFile, num_threads: int = 0, providers: Sequence[str] = ()) -> None:
        self.check_format(file)
        self._file = file
        self._lock = threading.Lock()
        try:
            self._interpreter = self._loaded(num_threads)
            inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        except _FAILURES as error:
            raise ModelError(f"{file.path}: {_explained(file, error)}") from error
        self.inputs = _named(inputs)
        self.outputs = _named(outputs)
        self._input_numbers = {info.name: detail["index"] for info, detail in zip(self.inputs, inputs, strict=True)}
        self._output_numbers = [detail["index"] for detail in outputs]
        self._shapes = {info.name: tuple(map(int, d["shape"])) for info, d in zip(self.inputs, inputs, strict=True)}
        endings = endings_of_tflite(file.content, [info.name for info in self.outputs])
        self.metadata = replace(
            with_range(read_metadata(file.content), first_step_of_tflite(file.content)), endings=endings
        )

    def _loaded(self, num_threads: int) -> Any:
        """Return the interpreter; without XNNPACK for the rare model that only the plain kernels can run."""
        _, library = _library()
        kernels = library.OpResolverType
        for kind in (kernels.AUTO, kernels.BUILTIN_WITHOUT_DEFAULT_DELEGATES):
            try:
                # The library logs once which kernels it has chosen.
                with nullcontext() if LiteRt._has_logged else notices_suppressed():
                    # The interpreter does not copy the bytes; `_file` keeps them alive.
                    interpreter = library.Interpreter(
                        model_content=self._file.content,
                        num_threads=num_threads if num_threads > 0 else TFLITE_THREADS,
                        experimental_op_resolver_type=kind,
                    )
                    interpreter.allocate_tensors()
                LiteRt._has_logged = True
                return interpreter
            except _FAILURES as error:
                failure = error
        try:
            raise failure
        finally:
            del failure  # its traceback leads back here, and would hold the model in a circle

    @classmethod
    def version(cls) -> str:
        """Return the installed library with its version, e.g. ``ai-edge-litert-2.3.0``."""
        distribution, _ = _library()
        return f"{distribution}-{importlib.metadata.version(distribution)}"

    @classmethod
    def check_format(cls, file: ModelFile) -> None:
        """Check the TFLite signature, that the file is complete, which tflite-runtime does not check, and for what.

        A model for an Edge TPU, or with operators of TensorFlow, runs nowhere here.
        """
        file.expect(b"TFL3", 4, "TFLite")
        try:
            end = max((buffer.end_of_bytes(0) for buffer in root(file.content).tables(4)), default=0)
        except (struct.error, ValueError):
            end = len(file.content) + 1
        if end > len(file.content):
            raise ModelError(f"{file.path}: the TFLite model is damaged or incomplete; download it again")
        operators = _custom_operators(file.content)
        if _EDGE_TPU in operators:
            name = file.path.name.replace("_edgetpu", "")
            other = f"{name}, " if name != file.path.name else ""
            raise ModelError(
                f"{file.path}: the TFLite model is compiled for an Edge TPU and runs only there; take the file that it "
                f"was compiled from ({other}without _edgetpu in its name)"
            )
        flex = [name.removeprefix(_FLEX) for name in operators if name.startswith(_FLEX)]
        if flex:
            raise ModelError(
                f"{file.path}: the TFLite model needs operators of TensorFlow (Select TF ops, Flex): {_listed(flex)}; "
                "convert it again with target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS], or to ONNX"
            )

    def infer(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run the model, after resizing inputs whose shape differs."""
        with self._lock:
            if self._interpreter is None:
                raise ModelError(f"{self._file.path}: the model is closed")
            try:
                self._fit(inputs)
                for name, array in inputs.items():
                    self._interpreter.set_tensor(self._input_numbers[name], array)
                self._interpreter.invoke()
                arrays = [self._interpreter.get_tensor(number) for number in self._output_numbers]
            except (ValueError, RuntimeError, SystemError, MemoryError) as error:
                raise ModelError(f"{self._file.path}: the model fails: {_first_line(error)}") from error
        return {info.name: _real(array, info) for info, array in zip(self.outputs, arrays, strict=True)}

    def close(self) -> None:
        """Release the interpreter."""
        with self._lock:
            self._interpreter = None

    def _fit(self, inputs: Mapping[str, Tensor]) -> None:
        changed = {name: array.shape for name, array in inputs.items() if array.shape != self._shapes[name]}
        if changed:
            for name, shape in changed.items():
                self._interpreter.resize_tensor_input(self._input_numbers[name], shape)
            self._interpreter.allocate_tensors()
            self._shapes |= changed


def _named(details: list[dict[str, Any]]) -> tuple[TensorInfo, ...]:
    """Return the descriptions of tensors, with apostrophes appended to duplicate names."""
    infos: list[TensorInfo] = []
    for detail in details:
        scale, zero_point = detail["quantization"]
        shape = detail["shape_signature"] if len(detail["shape_signature"]) else detail["shape"]
        name = str(detail["name"])
        while any(info.name == name for info in infos):
            name += "'"
        infos.append(TensorInfo(name, tuple(map(int, shape)), np.dtype(detail["dtype"]), float(scale), int(zero_point)))
    return tuple(infos)


def _real(array: Tensor, info: TensorInfo) -> Tensor:
    if info.scale == 0.0 or not np.issubdtype(array.dtype, np.integer):
        return array
    return ((array.astype(np.float32) - info.zero_point) * np.float32(info.scale)).astype(np.float32)


def _custom_operators(content: bytes) -> list[str]:
    """Return the names of the operators of a model that are not TFLite's own."""
    try:
        names = (code.string(1) for code in root(content).tables(1))
        return list(dict.fromkeys(one_line(name) for name in names if name))
    except (struct.error, ValueError):
        return []


def _listed(names: Sequence[str]) -> str:
    more = f" and {len(names) - _MOST_NAMED} more" if len(names) > _MOST_NAMED else ""
    return f"{', '.join(names[:_MOST_NAMED])}{more}"


def _explained(file: ModelFile, error: BaseException) -> str:
    """Return why the library does not load a model."""
    if any(words in str(error) for words in _MISSING):
        missing = [name for name in _custom_operators(file.content) if name not in _KNOWN_OPERATORS]
        return (
            f"the TFLite model needs operators that {LiteRt.version()} does not have: {_listed(missing)}; convert it "
            "without them"
        )
    return f"the TFLite model is damaged or incomplete: {_first_line(error)}"


def _first_line(error: BaseException) -> str:
    """Return the reason in an error of the library, without places in its source."""
    text = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return _PLACE.sub("", text)[:200]
