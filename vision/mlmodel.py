"""The vision service that runs a model file: a classifier, a detector, or both, found out by trying it."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Annotated, ClassVar, Literal, Self

from pydantic import Field, field_validator, model_validator

from cameras import Attributes, Classification, Detection, Frame, LocalPath, Pixels

from .base import VisionService
from .errors import LabelsError, ModelError
from .labels import read_labels
from .library import LIBRARY, Library, Loan
from .metadata import Metadata
from .minimums import Minimums
from .names import image_input, output_names
from .reading import Reading, read
from .runtime import Runtime, RuntimeDeclaration, Tensor, missing_files
from .runtimes import RUNTIMES, runtime_for
from .tensors import PictureInput


class MlModelAttributes(Attributes):
    """What the YAML may say under ``attributes`` of ``model: mlmodel``."""

    mlmodel_name: str | None = Field(None, description="Name of the declared model (type: mlmodel) to run.")
    model_path: LocalPath | None = Field(None, description="The model file, in place of mlmodel_name.")
    label_path: LocalPath | None = Field(
        None, description="Text file with one label per line; without it, the labels packed in the model file."
    )
    num_threads: int | None = Field(
        None, le=64, description="With model_path: threads of one inference; 0 or less leaves it to the library."
    )
    remap_input_names: dict[str, Literal["image"]] = Field(
        {}, description="Expected name of an input, by its name in the model."
    )
    remap_output_names: dict[str, Literal["probability", "location", "category", "score", "count"]] = Field(
        {}, description="Expected names of outputs, by their names in the model."
    )
    xmin_ymin_xmax_ymax_order: tuple[int, ...] | None = Field(
        None,
        strict=False,
        description="What each position of a box holds: 0 x_min, 1 y_min, 2 x_max, 3 y_max. Without it as the model "
        "file says, else [1, 0, 3, 2].",
    )
    input_image_mean_value: tuple[float, ...] | None = Field(
        None, strict=False, description="Per channel, subtracted from value / 255. Without it as the model file says, "
        "else 0.5. Not for uint8 models, which take pixels as they are.",
    )  # fmt: skip
    input_image_std_dev: tuple[float, ...] | None = Field(
        None,
        strict=False,
        description="Per channel, divided by after that. Without it as the model file says, else 0.5.",
    )
    input_image_bgr: bool = Field(
        False, description="The model takes blue first; mean and std then apply in that order."
    )
    default_minimum_confidence: float = Field(0.0, ge=0, le=1, description="Lowest confidence passed on.")
    label_confidences: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        {}, description="Lowest confidence by label, in any letter case; other labels have the default."
    )
    camera_name: str | None = Field(None, description="Camera to look at when a client names none.")

    @field_validator("xmin_ymin_xmax_ymax_order")
    @classmethod
    def _order(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if value is not None and sorted(value) != [0, 1, 2, 3]:
            raise ValueError(f"must hold 0, 1, 2 and 3, each once, got {list(value)}")
        return value

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
            raise ValueError(f"must not hold a 0, got {list(value)}")
        return value

    @model_validator(mode="after")
    def _one_model(self) -> Self:
        if (self.mlmodel_name is None) == (self.model_path is None):
            raise ValueError("either mlmodel_name or model_path is wanted")
        if self.num_threads is not None and self.mlmodel_name is not None:
            raise ValueError("num_threads goes with model_path; with mlmodel_name it belongs to that model")
        return self

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Give the files that are not there."""
        yield from missing_files(model_path=self.model_path, label_path=self.label_path)


class MlModelVision(VisionService[MlModelAttributes]):
    """A vision service on a model file. Services on one file share one loaded model, and its answer for a picture.

    What the model can do is found out once, by running it on a few made pictures.

    Args:
        name: What it is called under ``services:``.
        attributes: What was declared.
        runtime: The model that ``mlmodel_name`` names; ``None`` when ``model_path`` stands here.
        runtimes: The runtimes there are, by name.
        library: Where loaded models are lent.
    """

    model_name: ClassVar[str] = "mlmodel"
    attributes_type = MlModelAttributes

    def __init__(
        self,
        name: str,
        attributes: MlModelAttributes,
        runtime: RuntimeDeclaration | None = None,
        *,
        runtimes: Mapping[str, type[Runtime]] | None = None,
        library: Library = LIBRARY,
    ) -> None:
        super().__init__(name, attributes, runtime)
        self._runtimes = RUNTIMES if runtimes is None else runtimes
        self._library = library
        self._loan: Loan | None = None
        self._reading: Reading | None = None
        self._sha256 = ""

    @classmethod
    def needs(cls, attributes: MlModelAttributes) -> str | None:
        """Return the name of the declared model, where one is named."""
        return attributes.mlmodel_name

    @classmethod
    def default_camera(cls, attributes: MlModelAttributes) -> str | None:
        """Return ``camera_name``."""
        return attributes.camera_name

    @property
    def dropped(self) -> int:
        """How many results were dropped because they were no number."""
        reading = self._reading
        return sum(part.dropped for part in (reading.classifier, reading.detector) if part) if reading else 0

    @property
    def unknown(self) -> int:
        """How many detections had a class without a label."""
        return self._reading.detector.unknown if self._reading and self._reading.detector else 0

    def _load(self) -> None:
        runtime_type, path, num_threads, providers = self._declared_model()
        loan = self._library.borrow(runtime_type, path, num_threads, providers)
        try:
            if self._reading is None or self._sha256 != loan.sha256:
                self._reading = self._read(loan)
                self._sha256 = loan.sha256
                self.kinds, self.labels = self._reading.kinds, self._reading.labels
        except ModelError as error:
            loan.close()
            raise self._about(path, error) from error
        except BaseException:
            loan.close()
            raise
        self._loan = loan

    def _release(self) -> None:
        loan, self._loan = self._loan, None
        if loan is not None:
            loan.close()

    def _classify(self, frame: Frame) -> tuple[Classification, ...]:
        reading = self._opened()[1]
        assert reading.classifier is not None
        return reading.classifier.look(self._answer(frame.pixels))

    def _detect(self, frame: Frame) -> tuple[Detection, ...]:
        reading = self._opened()[1]
        assert reading.detector is not None
        return reading.detector.look(self._answer(frame.pixels), reading.picture.size_for(frame.pixels))

    def _opened(self) -> tuple[Runtime, Reading]:
        loan, reading = self._loan, self._reading
        if loan is None or reading is None:
            raise ModelError(f"service {self.name} is not open")
        return loan.runtime, reading

    def _answer(self, pixels: Pixels) -> dict[str, Tensor]:
        """Return what the model gives for a picture: run once, for all services that feed it the same way."""
        runtime, reading = self._opened()

        def run() -> dict[str, Tensor]:
            with self._counted():
                return runtime.infer({reading.picture.info.name: reading.picture.tensor(pixels)})

        return pixels.memo((runtime, reading.picture), run)

    def _declared_model(self) -> tuple[type[Runtime], Path, int, tuple[str, ...]]:
        if self.runtime is not None:
            attributes = self.runtime.attributes
            kind = self._runtimes[self.runtime.model]
            return kind, attributes.model_path, attributes.num_threads, attributes.preferred()
        if self.attributes.model_path is None:
            raise ModelError(f"service {self.name}: the model {self.attributes.mlmodel_name!r} is not declared")
        path = self.attributes.model_path
        return runtime_for(path, self._runtimes), path, self.attributes.num_threads or 0, ()

    def _read(self, loan: Loan) -> Reading:
        attributes, runtime = self.attributes, loan.runtime
        picture = PictureInput.of(
            image_input(runtime.inputs, attributes.remap_input_names),
            runtime.metadata,
            attributes.input_image_mean_value,
            attributes.input_image_std_dev,
            attributes.input_image_bgr,
        )
        return read(
            runtime,
            picture,
            output_names(runtime.outputs, runtime.metadata.outputs, attributes.remap_output_names),
            self._labels(runtime.metadata),
            Minimums(attributes.default_minimum_confidence, attributes.label_confidences),
            attributes.xmin_ymin_xmax_ymax_order,
            self.name,
        )

    def _label_path(self) -> Path | None:
        return self.attributes.label_path or (self.runtime.attributes.label_path if self.runtime else None)

    def _labels(self, metadata: Metadata) -> tuple[str, ...]:
        path = self._label_path()
        if path is not None:
            return read_labels(path)
        if metadata.labels_file and not metadata.labels:
            raise ModelError(
                f"the model does not hold its labels, {metadata.labels_file}; fetch it again or set label_path"
            )
        return metadata.labels

    def _about(self, path: Path, error: ModelError) -> ModelError:
        """Return the error with the file it is about before it."""
        labels, text = self._label_path(), str(error)
        if text.startswith((f"{path}: ", f"{labels}: ")):
            return error
        return ModelError(f"{labels if labels is not None and isinstance(error, LabelsError) else path}: {text}")
