"""ONNX models, on ONNX Runtime (the extra ``camweave[onnx]``). The only file that imports it."""

from __future__ import annotations

import importlib
import importlib.metadata
import logging
import threading
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np
from pydantic import Field, field_validator

from .base import Metadata, Runtime, RuntimeAttributes, Tensor, TensorInfo
from .errors import ModelError
from .labels import labels_from_literal, literal
from .model_file import MARKS, ModelFile
from .protobuf import Schema, WireField, field_numbers, messages

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

_DISTRIBUTIONS = ("onnxruntime-gpu", "onnxruntime-directml", "onnxruntime")  # all of them are the module onnxruntime
_TYPES = {
    "float": "float32", "double": "float64", "float16": "float16", "bool": "bool",
    "uint8": "uint8", "uint16": "uint16", "uint32": "uint32", "uint64": "uint64",
    "int8": "int8", "int16": "int16", "int32": "int32", "int64": "int64",
}  # fmt: skip
_IR_VERSION, _GRAPH = 1, 7  # fields of ONNX's ModelProto
_QUIET = 4  # log level of ONNX Runtime: fatal only. Errors are raised, too, and it colours its own lines.
_LABELS = ("names", "labels", "classes")  # Ultralytics uses names, other exporters the others
# Where a model has tensors. ONNX Runtime reads the data of one that names a file from there, relative to the *current*
# folder, since it gets the model as bytes; and the checksum of the model would not cover it.
_TENSORS: Schema = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_LOCATION = 14  # the field of a tensor that states whether its data is in a file


@cache
def _library() -> Any:
    try:
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
        options.intra_op_num_threads = max(num_threads, 0)
        # Otherwise its threads spin for a while after each inference, waiting for the next one.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        wanted = self._present(providers or ("cpu",))
        try:
            session = library.InferenceSession(file.content, options, providers=[PROVIDERS[name] for name in wanted])
            found = session.get_modelmeta().custom_metadata_map
        except Exception as error:  # its exceptions have no narrower base class
            raise ModelError(f"{file.path}: the ONNX model cannot be loaded: {_first_line(error)}") from error
        self.provider = self._running(wanted, session.get_providers())
        self._session = session
        self.inputs = tuple(map(self._info, session.get_inputs()))
        self.outputs = self._tensors(session.get_outputs())
        self._taken = [info.name for info in self.outputs]
        self.metadata = _metadata(found)

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
        """Check that the bytes are a complete protocol buffer with a graph, and have all of the model's data."""
        numbers, end = field_numbers(file.content)
        if file.content[4:8] in MARKS or (_IR_VERSION not in numbers[:1] and _GRAPH not in numbers):
            raise file.wrong_format("ONNX")
        try:
            external = any(
                _is_external(file.content, fields) for fields in messages(file.content, _TENSORS, "model", "tensor")
            )
        except ValueError:
            external, end = False, 0
        if end is not None or _GRAPH not in numbers:
            raise ModelError(f"{file.path}: the ONNX model is damaged or incomplete; download it again")
        if external:
            raise ModelError(
                f"{file.path}: the ONNX model keeps its weights in a separate file; put them into the model: export it "
                f"with external_data=False, or `import onnx; onnx.save(onnx.load({file.path.name!r}), "
                f"{file.path.name!r})`"
            )

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


def _metadata(found: Mapping[str, str]) -> Metadata:
    """Return the labels, normalisation and input size in custom metadata."""
    texts = (found[key] for key in _LABELS if key in found)
    # Ultralytics trains all its models on values of 0 to 1, but does not write it into the file.
    mean, std = ((0.0,), (255.0,)) if found.get("author") == "Ultralytics" else ((), ())
    labels = next(filter(None, map(labels_from_literal, texts)), ())
    return Metadata(
        labels=labels,
        mean=mean,
        std=std,
        size=_size(found.get("imgsz", "")),
        author=found.get("author", ""),
        task=found.get("task", ""),
        description=found.get("description", ""),
    )


def _size(text: str) -> tuple[int, ...]:
    value = literal(text)
    sizes = (value, value) if isinstance(value, int) else tuple(value) if isinstance(value, (list, tuple)) else ()
    return sizes if len(sizes) == 2 and all(isinstance(size, int) and size > 0 for size in sizes) else ()


def _is_external(content: bytes, tensor: Sequence[WireField]) -> bool:
    """Return whether a tensor states that its data is in a file, with any number but 0."""
    locations = (content[field.start : field.end] for field in tensor if field.number == _LOCATION)
    return any(byte & 0x7F for location in locations for byte in location)


def _first_line(error: BaseException) -> str:
    text = (str(error).strip().splitlines() or [type(error).__name__])[0]
    return text.rpartition("[ONNXRuntimeError] : ")[2][:200]
