"""The vision service that runs a model file: a classifier, a detector or a segmenter, found out by trying it."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import ClassVar

from cameras import Classification, Detection, Frame, Pixels, Segmentation

from .base import VisionService
from .errors import LabelsError, ModelError
from .labels import read_labels
from .library import LIBRARY, Library, Loan
from .metadata import Metadata
from .mlmodel_attributes import MlModelAttributes
from .reading import Reading, read
from .runtime import Runtime, RuntimeDeclaration, Tensor
from .runtimes import RUNTIMES, runtime_for


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
        return self._reading.dropped if self._reading is not None else 0

    @property
    def unknown(self) -> int:
        """How many things had a class without a label."""
        return self._reading.unknown if self._reading is not None else 0

    def _load(self) -> None:
        runtime_type, path, num_threads, providers = self._declared_model()
        loan = self._library.borrow(runtime_type, path, num_threads, providers)
        try:
            if self._reading is None or self._sha256 != loan.sha256:
                self._reading = read(loan.runtime, self.attributes, self._labels(loan.runtime.metadata), self.name)
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
        picture, pixels = reading.picture, frame.pixels
        return reading.detector.look(self._answer(pixels), picture.size_for(pixels), picture.window_for(pixels))

    def _segment(self, frame: Frame) -> tuple[Segmentation, ...]:
        reading = self._opened()[1]
        assert reading.segmenter is not None
        return reading.segmenter.look(self._answer(frame.pixels), reading.picture.window_for(frame.pixels))

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
