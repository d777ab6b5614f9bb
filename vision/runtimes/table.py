"""The runtimes there are, and the model files that they run: declared ones, and any other by its ending."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .base import Runtime, RuntimeDeclaration
from .labels import read_labels
from .library import LIBRARY, Library, Loan
from .litert import LiteRt
from .onnx import Onnx

RUNTIMES: dict[str, type[Runtime]] = {
    LiteRt.model_name: LiteRt,
    Onnx.model_name: Onnx,
}
"""Everything that runs a model file, by the ``model`` it has in the YAML (``type: mlmodel``)."""


def runtime_for(path: Path, runtimes: Mapping[str, type[Runtime]]) -> type[Runtime]:
    """Return the runtime that a file's ending asks for; TFLite's, which says what else a file is, for any other."""
    suffix = path.suffix.lower()
    return next((kind for kind in runtimes.values() if suffix in kind.suffixes), runtimes[LiteRt.model_name])


def borrow_model(declared: RuntimeDeclaration, library: Library = LIBRARY) -> Loan:
    """Return a declared model, loaded; whoever else runs the same one shares it.

    Raises:
        ModelError: when it cannot be used.
    """
    attributes = declared.attributes
    return library.borrow(
        RUNTIMES[declared.model], attributes.model_path, attributes.num_threads, attributes.preferred()
    )


def try_model(declared: RuntimeDeclaration, library: Library = LIBRARY) -> None:
    """Load a model and its labels once, and let go of them.

    Raises:
        ModelError: when one of them cannot be used.
    """
    borrow_model(declared, library).close()
    if declared.attributes.label_path is not None:
        read_labels(declared.attributes.label_path)
