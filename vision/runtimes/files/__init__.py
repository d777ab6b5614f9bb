"""Model files: their bytes, what an ONNX file says of itself, and the errors of those that cannot be used."""

from .errors import LabelsError, ModelError, UnsupportedKind
from .model_file import ModelFile
from .onnx_file import Versions, check_onnx, versions, weight_files, weights_beside

__all__ = [
    "LabelsError",
    "ModelError",
    "ModelFile",
    "UnsupportedKind",
    "Versions",
    "check_onnx",
    "versions",
    "weight_files",
    "weights_beside",
]
