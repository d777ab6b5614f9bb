"""The runtimes there are, and the model files that they run: declared ones, and any other by its ending."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .base import Runtime, RuntimeDeclaration
from .errors import ModelError
from .labels import read_labels
from .litert import LiteRt
from .onnx import Onnx
from .shared_models import SHARED_MODELS, ModelHandle, SharedModels

RUNTIMES: dict[str, type[Runtime]] = {
    LiteRt.model_name: LiteRt,
    Onnx.model_name: Onnx,
}
"""Everything that runs a model file, by the ``model`` it has in the YAML (``type: mlmodel``)."""


def runtime_for(path: Path, runtimes: Mapping[str, type[Runtime]]) -> type[Runtime]:
    """Return the runtime that a file's ending asks for; TFLite's, which says what else a file is, for any other.

    Raises:
        ModelError: when no runtime fits, and TFLite's is not among them.
    """
    suffix = path.suffix.lower()
    found = next((kind for kind in runtimes.values() if suffix in kind.suffixes), runtimes.get(LiteRt.model_name))
    if found is None:
        known = ", ".join(suffix for kind in runtimes.values() for suffix in kind.suffixes)
        raise ModelError(f'{path}: no runtime is there for "{suffix}" (known: {known})')
    return found


def load_model(
    declared: RuntimeDeclaration,
    models: SharedModels = SHARED_MODELS,
    *,
    runtimes: Mapping[str, type[Runtime]] = RUNTIMES,
) -> ModelHandle:
    """Return a declared model, loaded; whoever else runs the same one shares it.

    Args:
        declared: The model.
        models: Where loaded models are shared.
        runtimes: The runtimes there are, by name.

    Raises:
        ModelError: when it cannot be used.
    """
    attributes = declared.attributes
    return models.acquire(
        runtimes[declared.model], attributes.model_path, attributes.num_threads, attributes.preferred()
    )


def check_model(
    declared: RuntimeDeclaration,
    models: SharedModels = SHARED_MODELS,
    *,
    runtimes: Mapping[str, type[Runtime]] = RUNTIMES,
) -> None:
    """Load a model and its labels once, and let go of them.

    Args:
        declared: The model.
        models: Where loaded models are shared.
        runtimes: The runtimes there are, by name.

    Raises:
        ModelError: when one of them cannot be used.
    """
    load_model(declared, models, runtimes=runtimes).close()
    if declared.attributes.label_path is not None:
        read_labels(declared.attributes.label_path)
