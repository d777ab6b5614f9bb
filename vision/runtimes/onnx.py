"""ONNX models, on ONNX Runtime (the extra ``camweave[onnx]``). The only file that imports it."""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import os
import re
import threading
from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
from pydantic import Field, field_validator

from cameras import one_line, onnx_threads

from .base import Batch, Metadata, Runtime, RuntimeAttributes, Tensor, TensorInfo
from .batching import BatchAttributes
from .files import ModelError, ModelFile, check_onnx, versions, weight_files
from .first_step import first_step_of_onnx, with_range
from .last_step import endings_of_onnx
from .properties import described

logger = logging.getLogger(__name__)

CPU = "CPUExecutionProvider"
PROVIDERS = {
    "cpu": CPU,
    "cuda": "CUDAExecutionProvider",
    "tensorrt": "TensorrtExecutionProvider",
    "migraphx": "MIGraphXExecutionProvider",
    "openvino": "OpenVINOExecutionProvider",
    "coreml": "CoreMLExecutionProvider",
    "dml": "DmlExecutionProvider",
    "qnn": "QNNExecutionProvider",
    "xnnpack": "XnnpackExecutionProvider",
    "webgpu": "WebGpuExecutionProvider",
}
"""ONNX Runtime's name of each execution provider, by its name in the YAML."""

_ON_PROCESSORS = frozenset({"cpu", "xnnpack", "openvino"})  # OpenVINO's default device is the CPU

_DISTRIBUTIONS = ("onnxruntime-gpu", "onnxruntime-directml", "onnxruntime")  # all of them are the module onnxruntime
_TYPES = {
    "float": "float32", "double": "float64", "float16": "float16", "bool": "bool",
    "uint8": "uint8", "uint16": "uint16", "uint32": "uint32", "uint64": "uint64",
    "int8": "int8", "int16": "int16", "int32": "int32", "int64": "int64",
}  # fmt: skip
_PICTURE_AXES = 4
_QUIET = 4  # log level of ONNX Runtime: fatal only. Errors are raised, too, and it colours its own lines.
_KIND = re.compile(r"^.*\[ONNXRuntimeError\] : (?:\d+ : [A-Z_]+ : )?")
_PLACE = re.compile(r"\S+\.(?:cc|h|cpp|cu):\d+ ")  # in ONNX Runtime's source, before the signature of a function
_AFTER_SIGNATURE = re.compile(r"(?: const)?(?: \[with [^\]]*\])?\s*")
_IR_TOO_NEW = re.compile(r"max supported IR version: (\d+)")
_OPSET_TOO_NEW = re.compile(r"support for domain ai\.onnx is till opset (\d+)")
_UNKNOWN_OPERATOR = re.compile(
    r"No Op registered for (\S+)|Fatal error: (\S+?)\(-?\d+\) is not a registered function/op"
)
_UNKNOWN_DOMAIN = re.compile(r"In Node, \([^,]*, (\w+), .*No opset import for domain '([^']*)'")


@cache
def _library() -> Any:
    try:
        # Since 1.29 it reports models and machine to its maker, unless told not to before it is loaded.
        os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
        return importlib.import_module("onnxruntime")
    except ImportError as error:
        raise ModelError(
            "ONNX Runtime is not installed; `pip install camweave[onnx]`, or onnxruntime-gpu for NVIDIA's GPUs"
        ) from error


class OnnxAttributes(RuntimeAttributes):
    """Attributes of ``model: onnx`` in the YAML."""

    providers: tuple[str, ...] = Field(
        ("cpu",),
        strict=False,
        min_length=1,
        description="What to run on, in order of preference: " + ", ".join(PROVIDERS) + ". A missing one is an error "
        "unless another follows, so [cuda, cpu] uses the GPU if there is one.",
    )

    batch: BatchAttributes | None = Field(
        None,
        description="Pictures of several cameras and requests that come at the same time run as one inference. For a "
        "model whose first dimension is free.",
    )

    @field_validator("providers")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        short = {full.casefold(): name for name, full in PROVIDERS.items()}
        names = tuple(short.get(name.casefold(), name.casefold()) for name in value)
        for given, name in zip(value, names, strict=True):
            if name not in PROVIDERS:
                raise ValueError(f"must each be one of {', '.join(PROVIDERS)}, got {given!r}")
        if len(set(names)) != len(names):
            raise ValueError(f"must not contain a name twice, got {list(value)}")
        return names

    def preferred(self) -> tuple[str, ...]:
        """Return ``providers``."""
        return self.providers

    def batching(self) -> Batch | None:
        """Return ``batch``."""
        return None if self.batch is None else self.batch.limits()


class Onnx(Runtime):
    """An ONNX model, on the first declared provider that is available, by default the CPU."""

    model_name = "onnx"
    suffixes = (".onnx",)
    attributes_type = OnnxAttributes

    def __init__(self, file: ModelFile, num_threads: int = 0, providers: Sequence[str] = ()) -> None:
        library = _library()
        self._file = file
        self._lock = threading.Lock()
        options = library.SessionOptions()
        options.log_severity_level = _QUIET
        options.intra_op_num_threads = num_threads if num_threads > 0 else onnx_threads()
        # Otherwise its threads spin for a while after each inference, waiting for the next one.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        wanted = self._present(providers or ("cpu",))
        try:
            self._add_weights(options)
            session = library.InferenceSession(file.content, options, providers=[PROVIDERS[name] for name in wanted])
            about = session.get_modelmeta()
        except ModelError:
            raise
        except Exception as error:  # its exceptions have no narrower base class
            raise ModelError(f"{file.path}: {self._explained(error)}") from error
        self._file = replace(file, weights={})  # the session has its own copy
        self.provider = self._running(wanted, session.get_providers())
        self.elsewhere = self.provider not in _ON_PROCESSORS
        self._session = session
        self.inputs = tuple(map(self._info, session.get_inputs()))
        self.outputs = self._tensors(session.get_outputs())
        self._taken = [info.name for info in self.outputs]
        found = Metadata(producer=one_line(about.producer_name), description=one_line(about.description))
        picture = next((info.name for info in self.inputs if len(info.shape) == _PICTURE_AXES), "")
        step = first_step_of_onnx(file.content, picture)
        self.metadata = replace(
            with_range(described(about.custom_metadata_map, found), step), endings=endings_of_onnx(file.content)
        )

    @classmethod
    def version(cls) -> str:
        """Return the installed library with its version, e.g. ``onnxruntime-1.31.1``."""
        library = _library()
        for distribution in _DISTRIBUTIONS:
            try:
                return f"{distribution}-{importlib.metadata.version(distribution)}"
            except importlib.metadata.PackageNotFoundError:
                continue
        return f"onnxruntime-{library.__version__}"

    @classmethod
    def check_format(cls, file: ModelFile) -> None:
        """Check that the bytes are a complete protocol buffer with a graph."""
        check_onnx(file)

    @classmethod
    def read(cls, path: Path) -> ModelFile:
        """Read a model file, and the files beside it that have weights of the model."""
        file = super().read(path)
        return file.with_weights(weight_files(file))

    def infer(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run the model."""
        with self._lock:
            if self._session is None:
                raise ModelError(f"{self._file.path}: the model is closed")
            try:
                arrays = self._session.run(self._taken, dict(inputs))
            except Exception as error:  # its exceptions have no narrower base class
                raise ModelError(f"{self._file.path}: the model fails: {_first_line(error)}") from error
        return {info.name: np.asarray(array) for info, array in zip(self.outputs, arrays, strict=True)}

    def close(self) -> None:
        """Release the session."""
        with self._lock:
            self._session = None

    def _add_weights(self, options: Any) -> None:
        """Hand over the weights in further files: ONNX Runtime would look for these in the current folder.

        Raises:
            ModelError: when there are some, and this version cannot take them or they were not read.
        """
        names = weight_files(self._file)
        if missing := [name for name in names if name not in self._file.weights]:
            raise ModelError(f"{self._file.path}: the ONNX model keeps weights in {missing[0]}, which was not read")
        if not names:
            return
        if not hasattr(options, "add_external_initializers_from_files_in_memory"):
            raise ModelError(
                f"{self._file.path}: the ONNX model keeps weights in {', '.join(names)}, which {self.version()} cannot "
                f"take; update ONNX Runtime, or `import onnx; onnx.save(onnx.load({self._file.path.name!r}), "
                f"{self._file.path.name!r})`"
            )
        buffers = [self._file.weights[name] for name in names]
        options.add_external_initializers_from_files_in_memory(list(names), buffers, [len(data) for data in buffers])

    def _explained(self, error: Exception) -> str:
        """Return why a model cannot be loaded, and what to do about it."""
        text, found = str(error), versions(self._file.content)
        if limit := _IR_TOO_NEW.search(text):
            return (
                f"the ONNX model is written in IR version {found.ir}, and {self.version()} reads up to {limit[1]}; "
                f"update ONNX Runtime, or export the model with an older onnx package (`model.ir_version = {limit[1]}`)"
            )
        if limit := _OPSET_TOO_NEW.search(text):
            return (
                f"the ONNX model uses opset {found.opset}, and {self.version()} supports up to {limit[1]}; update ONNX "
                f"Runtime, or export the model with opset={limit[1]}"
            )
        if operator := _UNKNOWN_OPERATOR.search(text):
            name = (operator[1] or operator[2]).removeprefix("ai.onnx:")
            return (
                f"the ONNX model cannot be loaded: it needs the operator {name}, which {self.version()} does not have"
            )
        if domain := _UNKNOWN_DOMAIN.search(text):
            return (
                f"the ONNX model cannot be loaded: it needs the operator {domain[2]}:{domain[1]}, which "
                f"{self.version()} does not have"
            )
        return f"the ONNX model cannot be loaded: {_first_line(error)}"

    def _present(self, providers: Sequence[str]) -> list[str]:
        """Return the given providers that this build of ONNX Runtime supports, in their order."""
        available = _library().get_available_providers()
        present = [name for name in providers if PROVIDERS[name] in available]
        if not present:
            others = [name for name, full in PROVIDERS.items() if full in available]
            raise ModelError(
                f"{self._file.path}: providers: {self.version()} cannot run on {' or '.join(providers)}, only on "
                f"{', '.join(others)}; install a build of ONNX Runtime that can (onnxruntime-gpu for cuda) or add cpu"
            )
        for name in providers:
            if name not in present:
                logger.warning(
                    "model %s: %s does not support %s, trying the next provider", self._file.path, self.version(), name
                )
        return present

    def _running(self, wanted: Sequence[str], started: Sequence[str]) -> str:
        """Return the provider that the model runs on: ONNX Runtime silently uses the CPU if another does not start."""
        for name in wanted:
            if PROVIDERS[name] in started:
                return name
            logger.warning("model %s: %s does not start on this machine", self._file.path, name)
        raise ModelError(
            f"{self._file.path}: providers: {' or '.join(wanted)} does not start on this machine; install its "
            "driver and libraries, or add cpu"
        )

    def _tensors(self, nodes: Sequence[Any]) -> tuple[TensorInfo, ...]:
        """Return the outputs that are tensors of numbers; one that is a list or a dictionary repeats their values."""
        tensors = [node for node in nodes if str(node.type).startswith("tensor(")]
        return tuple(map(self._info, tensors or nodes))

    def _info(self, node: Any) -> TensorInfo:
        kind = str(node.type).removeprefix("tensor(").removesuffix(")")
        if kind not in _TYPES:
            raise ModelError(
                f"{self._file.path}: {node.name} is of type {node.type}; only tensors of numbers are supported"
            )
        shape = tuple(size if isinstance(size, int) and size > 0 else -1 for size in node.shape)
        return TensorInfo(str(node.name), shape, np.dtype(_TYPES[kind]))


def _first_line(error: BaseException) -> str:
    """Return the reason in an error of ONNX Runtime, without places in its source and signatures of its functions."""
    text = (str(error).strip().splitlines() or [type(error).__name__])[0]
    text = _KIND.sub("", text)
    while place := _PLACE.search(text):
        text = text[: place.start()] + _without_signature(text[place.end() :])
    return text.strip()[:300]


def _without_signature(text: str) -> str:
    """Return the text after the signature of a C++ function that it begins with."""
    depth = 0
    for position, letter in enumerate(text):
        depth += (letter == "(") - (letter == ")")
        if letter == ")" and depth == 0:
            after = _AFTER_SIGNATURE.match(text, position + 1)
            return text[after.end() if after else position + 1 :]
    return text
