"""What runs a model: the base class of every runtime, how a model is declared, and what it says about itself."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from cameras import Attributes, LocalPath

from .model_file import ModelFile

Tensor = NDArray[Any]


class RuntimeAttributes(Attributes):
    """What the YAML may say under ``attributes`` of a model (``type: mlmodel``)."""

    model_path: LocalPath = Field(description="The model file.")
    label_path: LocalPath | None = Field(
        None, description="Text file with one label per line; without it, the labels packed in the model file."
    )
    num_threads: int = Field(0, le=64, description="Threads of one inference; 0 or less leaves it to the library.")

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Give the files that are not there."""
        yield from missing_files(model_path=self.model_path, label_path=self.label_path)

    def preferred(self) -> tuple[str, ...]:
        """Return what to run on, best first, in the runtime's words; empty where there is no choice."""
        return ()


def missing_files(**paths: Path | None) -> Iterator[tuple[tuple[str | int, ...], str]]:
    """Give (attribute, sentence) for each of the paths that is no file."""
    for name, path in paths.items():
        if path is None or path.is_file():
            continue
        yield (name,), f"is not a file: {path}" if path.exists() else f"no such file: {path}"


@dataclass(frozen=True)
class RuntimeDeclaration:
    """A model as declared: the key of its runtime in ``RUNTIMES``, and its attributes."""

    name: str
    model: str
    attributes: RuntimeAttributes


@dataclass(frozen=True)
class TensorInfo:
    """One input or output of a model.

    Attributes:
        name: Unique within the inputs, or the outputs.
        shape: Sizes; -1 where any size will do.
        dtype: Type of its numbers.
        scale: One step of a quantised tensor; 0.0 when it is not quantised.
        zero_point: The number that stands for 0.0 in a quantised tensor.
    """

    name: str
    shape: tuple[int, ...]
    dtype: np.dtype[Any]
    scale: float = 0.0
    zero_point: int = 0

    def __str__(self) -> str:
        sizes = ", ".join("any" if size < 0 else str(size) for size in self.shape)
        return f"{self.name} [{sizes}] {self.dtype}"


@dataclass(frozen=True)
class Metadata:
    """What a model file says about itself; empty where it says nothing.

    Attributes:
        labels: Labels packed into the file.
        labels_file: Name of the packed file that should hold them.
        mean: Per channel (or one for all), subtracted from pixel values of 0 to 255.
        std: Per channel (or one for all), divided by.
        outputs: Names of the outputs, in their order.
        box_order: What each position of a box holds: 0 x_min, 1 y_min, 2 x_max, 3 y_max.
        boxes_in_pixels: Whether it says that boxes are in pixels of the input.
        size: Height and width of the input that it was made for, where the input takes any.
    """

    labels: tuple[str, ...] = ()
    labels_file: str = ""
    mean: tuple[float, ...] = ()
    std: tuple[float, ...] = ()
    outputs: tuple[str, ...] = ()
    box_order: tuple[int, ...] = ()
    boxes_in_pixels: bool = False
    size: tuple[int, ...] = ()


class Runtime(ABC):
    """A loaded model. Safe to use from several threads: they wait for each other.

    Attributes:
        inputs: What goes in.
        outputs: What comes out, in the model's own order.
        metadata: What the file says about itself.
    """

    model_name: ClassVar[str]
    attributes_type: ClassVar[type[RuntimeAttributes]] = RuntimeAttributes
    suffixes: ClassVar[tuple[str, ...]] = ()
    """Endings of the files it runs: they choose the runtime of a model that is declared on a vision service."""
    trusted: ClassVar[bool] = False
    """Whether files need no first load in a child process, because a damaged one cannot end the process."""

    inputs: tuple[TensorInfo, ...]
    outputs: tuple[TensorInfo, ...]
    metadata: Metadata

    @abstractmethod
    def __init__(self, file: ModelFile, num_threads: int = 0, providers: Sequence[str] = ()) -> None:
        """Load a model.

        Args:
            file: Its file.
            num_threads: Threads of one inference; 0 leaves it to the library.
            providers: What to run on, best first, in the runtime's words; empty is the CPU.

        Raises:
            ModelError: when it cannot be loaded.
        """

    @classmethod
    @abstractmethod
    def version(cls) -> str:
        """Return name and version of the library that runs the model, fit for a file name.

        Raises:
            ModelError: when no such library is installed.
        """

    @classmethod  # noqa: B027  # a runtime whose files have no such mark needs none
    def check_format(cls, file: ModelFile) -> None:
        """Look at the bytes before anything loads them.

        Raises:
            ModelError: when they are clearly no such model.
        """

    @abstractmethod
    def infer(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        """Run the model: arrays by input name, of the input's type and of a shape that fits; arrays by output name.

        Quantised outputs are given as float32 in their real unit. The arrays belong to the caller.

        Raises:
            ModelError: when the model fails on them, or is closed.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of the model. Waits for a running inference; twice is harmless."""
