"""Runtimes, which load and run model files: one module per runtime, their table, and the models that are loaded."""

from .base import (
    Anchors,
    Batch,
    Ending,
    Metadata,
    Runtime,
    RuntimeAttributes,
    RuntimeDeclaration,
    ScoreCalibration,
    Tensor,
    TensorInfo,
    missing_files,
)
from .batching import BatchAttributes
from .bounded_runtime import INFERENCE_LIMIT, BoundedRuntime, hanging, unanswered
from .files import LabelsError, ModelError, ModelFile, UnsupportedKind, weights_beside
from .label_forms import UNUSED, is_background
from .labels import MODEL_FILE, FittedLabels, Labels, differences, read_labels, read_lines
from .litert import LiteRt, LiteRtAttributes
from .onnx import Onnx, OnnxAttributes
from .shared_models import SHARED_MODELS, ModelHandle, SharedModels
from .statistics import ModelStatistics
from .table import RUNTIMES, check_model, load_model, runtime_for

__all__ = [
    "INFERENCE_LIMIT",
    "MODEL_FILE",
    "Anchors",
    "Batch",
    "BatchAttributes",
    "Ending",
    "FittedLabels",
    "Labels",
    "ScoreCalibration",
    "differences",
    "read_lines",
    "SHARED_MODELS",
    "RUNTIMES",
    "UNUSED",
    "BoundedRuntime",
    "LabelsError",
    "SharedModels",
    "LiteRt",
    "LiteRtAttributes",
    "ModelHandle",
    "Metadata",
    "ModelError",
    "ModelFile",
    "ModelStatistics",
    "Onnx",
    "OnnxAttributes",
    "Runtime",
    "RuntimeAttributes",
    "RuntimeDeclaration",
    "Tensor",
    "TensorInfo",
    "UnsupportedKind",
    "hanging",
    "is_background",
    "load_model",
    "weights_beside",
    "missing_files",
    "read_labels",
    "runtime_for",
    "unanswered",
    "check_model",
]
