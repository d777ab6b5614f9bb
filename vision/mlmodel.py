"""The vision service that runs a model file: a classifier, a detector, a segmenter or a pose model."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import ClassVar

from cameras import CallTimeout, Classification, Detection, Frame, Keypoints, Pixels, Prediction, Segmentation

from .base import Predictor, Session
from .interpretation import Interpretation, interpret
from .mlmodel_attributes import MlModelAttributes
from .model_service import ModelService
from .outputs import masks_by_label
from .runtimes import (
    MODEL_FILE,
    SHARED_MODELS,
    Batch,
    Labels,
    LabelsError,
    Metadata,
    ModelError,
    ModelHandle,
    Runtime,
    RuntimeDeclaration,
    SharedModels,
    Tensor,
    differences,
    hanging,
    read_labels,
)
from .understood import Understood

logger = logging.getLogger(__name__)


def _with_batch(understood: Understood, batch: Batch | None) -> Understood:
    """Return what was understood, with the reason for the input ending in how pictures run together."""
    if batch is None:
        return understood
    together = f"up to {batch.most} pictures run at once; each waits up to {batch.wait_s * 1000:g} ms for others"
    reasons = filter(None, (understood.because.get("input"), together))
    return replace(understood, because={**understood.because, "input": "; ".join(reasons)})


class MlModelVision(ModelService[MlModelAttributes]):
    """A vision service on a model file. Services on the same file share the loaded model and its outputs for a picture.

    The first load infers what the model can do, by running it on a few sample pictures.
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
        models: SharedModels = SHARED_MODELS,
    ) -> None:
        super().__init__(name, attributes, runtime, runtimes=runtimes, models=models)
        self._handle: ModelHandle | None = None
        self._interpretation: Interpretation | None = None
        self._sha256 = ""

    @property
    def dropped(self) -> int:
        """Number of results dropped because they were not finite."""
        return self._interpretation.dropped if self._interpretation is not None else 0

    @property
    def unknown(self) -> int:
        """Number of results whose class number has no label."""
        return self._interpretation.unknown if self._interpretation is not None else 0

    def _load(self) -> None:
        model = self._declared_model()
        handle = self._acquire(model)
        try:
            if self._interpretation is None or self._sha256 != handle.sha256:
                labels = self._labels(handle.runtime.metadata)
                self._interpretation = interpret(handle.runtime, self.attributes, labels, self.name)
                self._sha256 = handle.sha256
                self.labels = self._interpretation.labels
                self.understood = _with_batch(self._interpretation.understood, handle.runtime.batch)
                self._compare_labels(handle.runtime.metadata)
        except ModelError as error:
            handle.close()
            raise self._about(model.path, error) from error
        except BaseException:
            handle.close()
            raise
        self._handle = handle

    def _release(self) -> None:
        handle, self._handle = self._handle, None
        if handle is not None:
            handle.close()

    def _predictors(self) -> Mapping[type[Prediction], Predictor]:
        predictors: Mapping[type[Prediction], Predictor] = {
            Classification: self._classify,
            Detection: self._detect,
            Segmentation: self._segment,
            Keypoints: self._find_points,
        }
        kinds = self._opened()[1].kinds
        return {kind: predict for kind, predict in predictors.items() if kind in kinds}

    def _classify(self, frame: Frame, session: Session) -> tuple[Classification, ...]:
        classifier = self._opened()[1].classifier
        assert classifier is not None
        return classifier.postprocess(self._outputs(frame.pixels, session))

    def _detect(self, frame: Frame, session: Session) -> tuple[Detection, ...]:
        interpretation, pixels = self._opened()[1], frame.pixels
        assert interpretation.detector is not None
        picture, outputs = interpretation.picture, self._outputs(pixels, session)
        return interpretation.detector.postprocess(outputs, picture.size_for(pixels), picture.window_for(pixels))

    def _segment(self, frame: Frame, session: Session) -> tuple[Segmentation, ...]:
        interpretation, pixels = self._opened()[1], frame.pixels
        if interpretation.segmenter is None:
            return masks_by_label(session.predict(Detection, frame))
        return interpretation.segmenter.postprocess(
            self._outputs(pixels, session), interpretation.picture.window_for(pixels)
        )

    def _find_points(self, frame: Frame, session: Session) -> tuple[Keypoints, ...]:
        interpretation, pixels = self._opened()[1], frame.pixels
        assert interpretation.pose is not None
        picture, outputs = interpretation.picture, self._outputs(pixels, session)
        return interpretation.pose.find_points(outputs, picture.size_for(pixels), picture.window_for(pixels))

    def _opened(self) -> tuple[Runtime, Interpretation]:
        handle, interpretation = self._handle, self._interpretation
        if handle is None or interpretation is None:
            raise ModelError(f"service {self.name} is not open")
        return handle.runtime, interpretation

    def _outputs(self, pixels: Pixels, session: Session) -> dict[str, Tensor]:
        """Return the outputs for a picture; services with the same pre-processing share one inference."""
        runtime, interpretation = self._opened()
        picture = interpretation.picture

        def run() -> dict[str, Tensor]:
            with session.inference():
                return runtime.infer(picture.tensors(pixels))

        try:
            return pixels.memo((runtime, picture), run, self._hangs)
        except CallTimeout:
            raise ModelError(hanging(f"service {self.name}")) from None

    def _label_path(self) -> Path | None:
        return self.attributes.label_path or (self.runtime.attributes.label_path if self.runtime else None)

    def _labels(self, metadata: Metadata) -> Labels:
        """Return the labels, from the declared file, else from the model file; empty if there are none."""
        path = self._label_path()
        if path is not None:
            return read_labels(path)
        if metadata.labels_file and not metadata.labels:
            raise ModelError(
                f"the model does not contain its labels, {metadata.labels_file}; download it again or set label_path"
            )
        return Labels.of(metadata.labels, MODEL_FILE)

    def _compare_labels(self, metadata: Metadata) -> None:
        """Warn if the labels differ from those packed in the model file."""
        path = self._label_path()
        other = differences(self.labels, Labels.of(metadata.labels).aligned(len(self.labels)))
        if path is not None and self.labels and metadata.labels and other:
            logger.warning("service %s: %s differs from the labels in the model file: %s", self.name, path.name, other)

    def _about(self, path: Path, error: ModelError) -> ModelError:
        """Return the error prefixed with the file that it is about."""
        labels, text = self._label_path(), str(error)
        if text.startswith((f"{path}: ", f"{labels}: ")):
            return error
        return ModelError(f"{labels if labels is not None and isinstance(error, LabelsError) else path}: {text}")
