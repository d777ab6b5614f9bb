"""The base class of vision services that run a model file, and their common attributes."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar, NamedTuple, Self, TypeVar
from weakref import WeakSet

from pydantic import Field, field_validator, model_validator

from cameras import Attributes, LocalPath

from .base import VisionService
from .runtimes import (
    SHARED_MODELS,
    Batch,
    BoundedRuntime,
    ModelError,
    ModelHandle,
    ModelStatistics,
    Runtime,
    RuntimeDeclaration,
    SharedModels,
    runtime_for,
)


class PictureModelAttributes(Attributes):
    """Attributes of every service that runs a model: the model, its input normalisation, and defaults."""

    mlmodel_name: str | None = Field(None, description="Name of the declared model (type: mlmodel) to run.")
    model_path: LocalPath | None = Field(None, description="The model file, in place of mlmodel_name.")
    num_threads: int | None = Field(
        None,
        le=64,
        description="With model_path: threads of one inference; 0 or less: one (TFLite), the library's choice (ONNX).",
    )
    input_image_mean_value: tuple[float, ...] | None = Field(
        None,
        strict=False,
        description="Per channel, subtracted from value / 255; default: the model file's, else 0.5. Not for uint8 "
        "models, which take pixels unchanged.",
    )
    input_image_std_dev: tuple[float, ...] | None = Field(
        None,
        strict=False,
        description="Per channel, the divisor after that; default: the model file's, else the head's, else 0.5.",
    )
    default_minimum_confidence: float = Field(0.0, ge=0, le=1, description="Lowest confidence returned.")
    camera_name: str | None = Field(None, description="Camera to use when a client names none.")

    @field_validator("input_image_mean_value", "input_image_std_dev")
    @classmethod
    def _channels(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None and (len(value) < 3 or not all(map(math.isfinite, value))):
            raise ValueError(f"must be 3 numbers, one per channel, got {list(value)}")
        return value

    @field_validator("input_image_std_dev")
    @classmethod
    def _divisors(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None and 0 in value:
            raise ValueError(f"must not contain 0, got {list(value)}")
        return value

    @model_validator(mode="after")
    def _one_model(self) -> Self:
        if (self.mlmodel_name is None) == (self.model_path is None):
            raise ValueError("must have either mlmodel_name or model_path")
        if self.num_threads is not None and self.mlmodel_name is not None:
            raise ValueError("num_threads needs model_path; with mlmodel_name, set it on that model")
        return self


M = TypeVar("M", bound=PictureModelAttributes)


class DeclaredModel(NamedTuple):
    """The arguments of ``SharedModels.acquire``: a model file, what to run it on, its declared SHA-256, its batches."""

    runtime_type: type[Runtime]
    path: Path
    num_threads: int
    providers: tuple[str, ...] = ()
    sha256: str | None = None
    batch: Batch | None = None


class ModelService(VisionService[M]):
    """A vision service on a model file; services with the same file share one loaded model.

    Args:
        name: Its name under ``services:``.
        attributes: Its attributes, as declared.
        runtime: The model that ``mlmodel_name`` names; ``None`` with ``model_path``.
        runtimes: The available runtimes, by name.
        models: The loaded models to share.
    """

    may_hang: ClassVar[bool] = False

    def __init__(
        self,
        name: str,
        attributes: M,
        runtime: RuntimeDeclaration | None = None,
        *,
        runtimes: Mapping[str, type[Runtime]] | None = None,
        models: SharedModels = SHARED_MODELS,
    ) -> None:
        super().__init__(name, attributes, runtime, runtimes=runtimes)
        self._models = models
        # Weak: a model that hangs stays loaded after the last session, and is this service's error until it answers.
        self._used: WeakSet[BoundedRuntime] = WeakSet()
        self._models_used: dict[str, ModelStatistics] = {}

    @classmethod
    def needs(cls, attributes: M) -> str | None:
        """Return ``mlmodel_name``."""
        return attributes.mlmodel_name

    @classmethod
    def default_camera(cls, attributes: M) -> str | None:
        """Return ``camera_name``."""
        return attributes.camera_name

    @property
    def models(self) -> tuple[ModelStatistics, ...]:
        """The counts of the model files that it has loaded, or tried to load; other services may share them."""
        return tuple(self._models_used.values())

    def _acquire(self, model: DeclaredModel) -> ModelHandle:
        """Return a handle to a model, which the service closes.

        Raises:
            ModelError: when the model cannot be loaded.
        """
        counts = self._models.statistics(model.path)
        self._models_used[counts.name] = counts
        handle = self._models.acquire(*model)
        self._used.add(handle.runtime)
        return handle

    def _hangs(self) -> bool:
        return any(runtime.hangs for runtime in self._used)

    def _declared_model(self) -> DeclaredModel:
        """Return the model that ``mlmodel_name`` or ``model_path`` names.

        Raises:
            ModelError: when no model of that name is declared.
        """
        if self.runtime is not None:
            declared = self.runtime.attributes
            kind = self.runtimes[self.runtime.model]
            return DeclaredModel(
                kind,
                declared.model_path,
                declared.num_threads,
                declared.preferred(),
                declared.sha256,
                declared.batching(),
            )
        path = self.attributes.model_path
        if path is None:
            raise ModelError(f"service {self.name}: the model {self.attributes.mlmodel_name!r} is not declared")
        return DeclaredModel(runtime_for(path, self.runtimes), path, self.attributes.num_threads or 0)
