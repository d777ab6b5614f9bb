"""Model files and what runs them: one file per runtime, the table of them, and the models that are loaded."""

from .base import Metadata, Runtime, RuntimeAttributes, RuntimeDeclaration, Tensor, TensorInfo, missing_files
from .errors import LabelsError, ModelError, UnsupportedKind
from .labels import read_labels
from .library import LIBRARY, Library, Loan
from .litert import LiteRt, LiteRtAttributes
from .model_file import ModelFile
from .onnx import Onnx, OnnxAttributes
from .table import RUNTIMES, borrow_model, runtime_for, try_model

__all__ = [
    "LIBRARY",
    "RUNTIMES",
    "LabelsError",
    "Library",
    "LiteRt",
    "LiteRtAttributes",
    "Loan",
    "Metadata",
    "ModelError",
    "ModelFile",
    "Onnx",
    "OnnxAttributes",
    "Runtime",
    "RuntimeAttributes",
    "RuntimeDeclaration",
    "Tensor",
    "TensorInfo",
    "UnsupportedKind",
    "borrow_model",
    "missing_files",
    "read_labels",
    "runtime_for",
    "try_model",
]
