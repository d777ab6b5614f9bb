"""The table of runtimes, and the loading of declared models."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .base import Runtime, RuntimeDeclaration
from .files import ModelError
from .labels import read_labels
from .litert import LiteRt
from .onnx import Onnx
from .shared_models import SHARED_MODELS, ModelHandle, SharedModels

RUNTIMES: dict[str, type[Runtime]] = {
    LiteRt.model_name: LiteRt,
    Onnx.model_name: Onnx,
}
"""Every runtime, by its ``model`` in the YAML (``type: mlmodel``)."""


def runtime_for(path: Path, runtimes: Mapping[str, type[Runtime]]) -> type[Runtime]:
    """Return the runtime for a file's suffix; the TFLite runtime, whose error describes the file, for other suffixes.

    Raises:
        ModelError: when no runtime matches and the TFLite runtime is not available.
    """
    suffix = path.suffix.lower()
    found = next((kind for kind in runtimes.values() if suffix in kind.suffixes), runtimes.get(LiteRt.model_name))
    if found is None:
        known = ", ".join(suffix for kind in runtimes.values() for suffix in kind.suffixes)
        raise ModelError(f'{path}: no runtime for "{suffix}" (known: {known})')
    return found


def load_model(
    declared: RuntimeDeclaration,
    models: SharedModels = SHARED_MODELS,
    *,
    runtimes: Mapping[str, type[Runtime]] = RUNTIMES,
) -> ModelHandle:
    """Load a declared model, or share it if it is loaded; the caller closes the handle.

    Args:
        declared: The model.
        models: The loaded models to share.
        runtimes: The available runtimes, by name.

    Raises:
        ModelError: when the model cannot be used.
    """
    attributes = declared.attributes
    return models.acquire(
        runtimes[declared.model],
        attributes.model_path,
        attributes.num_threads,
        attributes.preferred(),
        attributes.sha256,
        attributes.batching(),
    )


def check_model(
    declared: RuntimeDeclaration,
    models: SharedModels = SHARED_MODELS,
    *,
    runtimes: Mapping[str, type[Runtime]] = RUNTIMES,
) -> None:
    """Check that a declared model and its labels load, and release them.

    Args:
        declared: The model.
        models: The loaded models to share.
        runtimes: The available runtimes, by name.

    Raises:
        ModelError: when the model or its labels cannot be used.
    """
    load_model(declared, models, runtimes=runtimes).close()
    if declared.attributes.label_path is not None:
        read_labels(declared.attributes.label_path)
