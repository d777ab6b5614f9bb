"""Vision services that recognise what frames show, the model runtimes below them, and filters for their results."""

from collections.abc import Mapping, Sequence
from typing import Any

from cameras import PREDICTIONS, Prediction

from .base import (
    Predictor,
    ServiceDeclaration,
    Session,
    VisionService,
)
from .captioner import Captioner, CaptionerAttributes
from .color_detector import ColorDetector, ColorDetectorAttributes
from .mlmodel import MlModelVision
from .mlmodel_attributes import MlModelAttributes
from .motion_detector import MotionDetector, MotionDetectorAttributes
from .results import keep, top
from .runtimes import (
    INFERENCE_LIMIT,
    RUNTIMES,
    LiteRt,
    LiteRtAttributes,
    Metadata,
    ModelError,
    ModelFile,
    ModelHandle,
    ModelStatistics,
    Onnx,
    OnnxAttributes,
    Runtime,
    RuntimeAttributes,
    RuntimeDeclaration,
    Tensor,
    TensorInfo,
    UnsupportedKind,
    check_model,
    load_model,
    weights_beside,
)
from .understood import Understood, UnderstoodInput

VISION_SERVICES: dict[str, type[VisionService[Any]]] = {
    MlModelVision.model_name: MlModelVision,
    ColorDetector.model_name: ColorDetector,
    MotionDetector.model_name: MotionDetector,
    Captioner.model_name: Captioner,
}
"""Every kind of vision service, by its ``model`` in the YAML."""


def build_services(
    declarations: Sequence[ServiceDeclaration],
    kinds: Mapping[str, type[VisionService[Any]]] = VISION_SERVICES,
    runtimes: Mapping[str, type[Runtime]] = RUNTIMES,
    predictions: Mapping[str, type[Prediction]] = PREDICTIONS,
) -> dict[str, VisionService[Any]]:
    """Return the declared vision services by name, in their order, without loading anything.

    Args:
        declarations: The declared services.
        kinds: The available kinds of services, by ``model``.
        runtimes: The available runtimes, by ``model``.
        predictions: The kinds of predictions that clients can request, by plural.
    """
    services: dict[str, VisionService[Any]] = {}
    for each in declarations:
        service = kinds[each.model](each.name, each.attributes, each.runtime, runtimes=runtimes)
        service.known_predictions = frozenset(predictions.values())
        services[each.name] = service
    return services


__all__ = [
    "INFERENCE_LIMIT",
    "RUNTIMES",
    "VISION_SERVICES",
    "Predictor",
    "Captioner",
    "CaptionerAttributes",
    "ColorDetector",
    "ColorDetectorAttributes",
    "LiteRt",
    "LiteRtAttributes",
    "ModelHandle",
    "ModelStatistics",
    "Metadata",
    "MlModelAttributes",
    "MlModelVision",
    "ModelError",
    "ModelFile",
    "MotionDetector",
    "MotionDetectorAttributes",
    "Onnx",
    "OnnxAttributes",
    "Runtime",
    "RuntimeAttributes",
    "RuntimeDeclaration",
    "ServiceDeclaration",
    "Session",
    "Tensor",
    "TensorInfo",
    "Understood",
    "UnderstoodInput",
    "UnsupportedKind",
    "VisionService",
    "load_model",
    "weights_beside",
    "build_services",
    "keep",
    "top",
    "check_model",
]
