"""What a frame shows: model runtimes, the vision services on them, and what to do with their results."""

from collections.abc import Mapping, Sequence
from typing import Any

from .base import (
    Predictor,
    ServiceDeclaration,
    Session,
    VisionService,
)
from .captioner import Captioner, CaptionerAttributes
from .color_detector import ColorDetector, ColorDetectorAttributes
from .interpretation import MlModelAttributes
from .mlmodel import MlModelVision
from .motion_detector import MotionDetector, MotionDetectorAttributes
from .results import keep, top
from .runtimes import (
    RUNTIMES,
    LiteRt,
    LiteRtAttributes,
    Metadata,
    ModelError,
    ModelFile,
    ModelHandle,
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
)

VISION_SERVICES: dict[str, type[VisionService[Any]]] = {
    MlModelVision.model_name: MlModelVision,
    ColorDetector.model_name: ColorDetector,
    MotionDetector.model_name: MotionDetector,
    Captioner.model_name: Captioner,
}
"""Every kind of vision service, by the ``model`` it has in the YAML."""


def build_services(
    declarations: Sequence[ServiceDeclaration],
    kinds: Mapping[str, type[VisionService[Any]]] = VISION_SERVICES,
    runtimes: Mapping[str, type[Runtime]] = RUNTIMES,
) -> dict[str, VisionService[Any]]:
    """Return the declared vision services by name, in their order. Nothing is loaded yet.

    Args:
        declarations: What was declared.
        kinds: The kinds of services there are, by name.
        runtimes: The runtimes there are, by name.
    """
    return {
        each.name: kinds[each.model](each.name, each.attributes, each.runtime, runtimes=runtimes)
        for each in declarations
    }


__all__ = [
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
    "UnsupportedKind",
    "VisionService",
    "load_model",
    "build_services",
    "keep",
    "top",
    "check_model",
]
