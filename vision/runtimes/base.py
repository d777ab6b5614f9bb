"""The base class of every runtime, the declaration of a model, and the descriptions of its tensors and metadata."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from pathlib import Path
from typing import Any, ClassVar, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cameras import Attributes, LocalPath

from .files import ModelFile

Tensor = NDArray[Any]


class Batch(NamedTuple):
    """How inferences that are asked for at the same time run as one.

    Attributes:
        most: The most rows (pictures) of a batch.
        wait_s: How long one waits for others at most, in seconds.
    """

    most: int
    wait_s: float


class RuntimeAttributes(Attributes):
    """Attributes of a model (``type: mlmodel``) in the YAML."""

    model_path: LocalPath = Field(description="The model file.")
    label_path: LocalPath | None = Field(
        None, description="File with the labels, such as one per line; default: the labels packed in the model file."
    )
    num_threads: int = Field(0, le=64, description="Threads per inference; 0 or less: as many as suit the library.")
    sha256: str | None = Field(
        None,
        pattern=r"^[0-9a-fA-F]{64}$",
        description="SHA-256 that the model file must have; with weights in further files, of all of them in a row.",
    )

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield an error for each missing file."""
        yield from missing_files(model_path=self.model_path, label_path=self.label_path)

    def preferred(self) -> tuple[str, ...]:
        """Return the providers to run on, in order of preference; empty for a runtime without providers."""
        return ()

    def batching(self) -> Batch | None:
        """Return how inferences run together; ``None``: each runs alone."""
        return None


def missing_files(**paths: Path | None) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Yield ((attribute,), error) for each path that is not a file."""
    for name, path in paths.items():
        if path is None or path.is_file():
            continue
        yield (name,), f"is not a file: {path}" if path.exists() else f"no such file: {path}"


@dataclass(frozen=True)
class RuntimeDeclaration:
    """A declared model: the key of its runtime in ``RUNTIMES``, and its attributes."""

    name: str
    model: str
    attributes: RuntimeAttributes


@dataclass(frozen=True)
class TensorInfo:
    """One input or output of a model.

    Attributes:
        name: Unique within the inputs, or the outputs.
        shape: Sizes; -1 where the model accepts any size.
        dtype: Type of its elements.
        scale: Real value of one step of a quantised tensor; 0.0 if it is not quantised.
        zero_point: The element that represents 0.0 in a quantised tensor.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float = 0.0
    zero_point: int = 0

    def __str__(self) -> str:
        sizes = ", ".join("any" if size < 0 else str(size) for size in self.shape)
        return f"{self.name} [{sizes}] {self.dtype}"


class Ending(StrEnum):
    """The last calculation of an output, beside those that only move its numbers."""

    SOFTMAX = "a softmax"
    SIGMOID = "a sigmoid"
    TANH = "a tanh"
    RELU = "a ReLU"
    LINEAR = "a weighted sum"

    @property
    def is_unbounded(self) -> bool:
        """Whether its numbers have no upper limit, so that they are no probabilities."""
        return self in (Ending.LINEAR, Ending.RELU)


class ScoreCalibration(NamedTuple):
    """The calibration of the scores of a classifier: ``scale * sigmoid(slope * f(score) + offset)``.

    Attributes:
        transformation: The function ``f``: ``identity``, ``log`` or ``inverse_logistic``.
        default: The score of a class without parameters, and of scores below its lowest.
        parameters: Scale, slope, offset and lowest score of each class; ``None`` for a class without.
    """

    transformation: str
    default: float
    parameters: tuple[tuple[float, float, float, float] | None, ...]


class Anchors(NamedTuple):
    """The anchors of a detector with raw boxes, and the scales of its box coder.

    Attributes:
        boxes: Centre x, centre y, width and height of each, in fractions of the input.
        scales: The divisors of x, y, width and height.
        sigmoid: Whether scores go through a sigmoid.
        exponential: Whether sizes are exponents.
    """

    boxes: tuple[tuple[float, float, float, float], ...]
    scales: tuple[float, float, float, float]
    sigmoid: bool
    exponential: bool


@dataclass(frozen=True)
class Metadata:
    """Metadata of a model file, the same for each runtime; empty where the file has none.

    Attributes:
        labels: Labels packed in the file.
        labels_file: Name of the packed file that should contain them.
        mean: Per channel (or one for all), subtracted from pixel values of 0 to 255.
        std: Per channel (or one for all), the divisor after that.
        range_because: Why they are so, if the model shows it otherwise than by stating them.
        outputs: Names of the outputs, in their order.
        box_order: The side at each position of a box: 0 x_min, 1 y_min, 2 x_max, 3 y_max.
        boxes_in_pixels: Whether boxes are declared to be in pixels of the input.
        size: Height and width that the model was exported for, where the input accepts any.
        author: Who made the model, such as ``Ultralytics``.
        description: What it is, in its author's words.
        task: What it does, in its author's word: ``detect``, ``segment``, ``classify``, ``pose`` or ``obb``.
        stride: The largest stride of its grids, in pixels of the input.
        keypoints_shape: Number of keypoints, and of values of each.
        color_order: ``rgb`` or ``bgr``, the order of the channels of the picture.
        score_columns: Scores per box before the suppression in the model, with the background if the model has one.
        calibration: Calibration of the scores.
        anchors: Anchors of a detector with raw boxes.
        producer: The program that wrote the file, such as ``pytorch``.
        endings: The last calculation of each output where it is known, by the output's name in the model.
        properties: All properties as text: those of ONNX's ``metadata_props``, or of a JSON file packed in the model.
    """

    labels: tuple[str, ...] = ()
    labels_file: str = ""
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    range_because: str = ""
    outputs: tuple[str, ...] = ()
    box_order: tuple[int, ...] = ()
    boxes_in_pixels: bool = False
    size: tuple[int, ...] = ()
    author: str = ""
    description: str = ""
    task: str = ""
    stride: int = 0
    keypoints_shape: tuple[int, ...] = ()
    color_order: str = ""
    score_columns: int = 0
    calibration: ScoreCalibration | None = None
    anchors: Anchors | None = None
    producer: str = ""
    endings: Mapping[str, Ending] = field(default_factory=dict)
    properties: Mapping[str, str] = field(default_factory=dict)


class Runtime(ABC):
    """A loaded model. Thread-safe: concurrent inferences run one after the other.

    A subclass wraps one inference library; the constructor loads the model and sets the attributes::

        class Onnx(Runtime):
            model_name = "onnx"
            suffixes = (".onnx",)

            def __init__(self, file: ModelFile, num_threads: int = 0, providers: Sequence[str] = ()) -> None:
                self._session = InferenceSession(file.content)
                self.inputs, self.outputs = described(self._session)
                self.metadata = Metadata()

            def infer(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
                return dict(zip(self._names, self._session.run(None, inputs)))

    Attributes:
        inputs: The input tensors.
        outputs: The output tensors, in the model's own order.
        metadata: Metadata of the file.
    """

    model_name: ClassVar[str]
    attributes_type: ClassVar[type[RuntimeAttributes]] = RuntimeAttributes
    suffixes: ClassVar[tuple[str, ...]] = ()
    """File name suffixes that select this runtime for the ``model_path`` of a vision service."""
    trusted: ClassVar[bool] = False
    """Whether a damaged file cannot crash the process, so that no child process has to try files first."""
    single_core: ClassVar[bool] = False
    """Whether an inference runs on ``num_threads`` cores, by default one, so that copies use the others."""
    elsewhere: bool = False
    """Whether inferences run elsewhere than on this machine's processors, such as on a GPU or a server: who waits for
    one holds no worker. A constructor may set it."""

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    metadata: Metadata

    @abstractmethod
    def __init__(self, file: ModelFile, num_threads: int = 0, providers: Sequence[str] = ()) -> None:
        """Load a model.

        Args:
            file: The model file.
            num_threads: Threads per inference; 0: as many as suit the library (``cameras/threads/libraries.py``).
            providers: What to run on, in order of preference, in the runtime's own names; empty means the CPU.

        Raises:
            ModelError: when the model cannot be loaded.
        """

    @classmethod
    @abstractmethod
    def version(cls) -> str:
        """Return name and version of the inference library, usable in a file name.

        Raises:
            ModelError: when the library is not installed.
        """

    @classmethod
    def read(cls, path: Path) -> ModelFile:
        """Read a model file and check its format.

        Raises:
            ModelError: when it cannot be read, or is clearly of another format.
        """
        file = ModelFile.read(path)
        cls.check_format(file)
        return file

    @classmethod  # noqa: B027  # optional: some formats have no signature
    def check_format(cls, file: ModelFile) -> None:
        """Check the file's signature before the file is loaded.

        Raises:
            ModelError: when the file is clearly of another format.
        """

    @abstractmethod
    def infer(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run the model and return its outputs by name.

        Quantised outputs are returned as float32 real values. The returned arrays belong to the caller.

        Args:
            inputs: One array per input, by name, with the input's type and a matching shape.

        Raises:
            ModelError: when the inference fails, or the model is closed.
        """

    @abstractmethod
    def close(self) -> None:
        """Unload the model, after waiting for a running inference. Safe to call twice."""
