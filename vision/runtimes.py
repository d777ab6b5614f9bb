"""The runtimes there are."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from .litert import LiteRt
from .onnx import Onnx
from .runtime import Runtime

RUNTIMES: dict[str, type[Runtime]] = {
    LiteRt.model_name: LiteRt,
    Onnx.model_name: Onnx,
}
"""Everything that runs a model file, by the ``model`` it has in the YAML (``type: mlmodel``)."""


def runtime_for(path: Path, runtimes: Mapping[str, type[Runtime]]) -> type[Runtime]:
    """Return the runtime that a file's ending asks for; TFLite's, which says what else a file is, for any other."""
    suffix = path.suffix.lower()
    return next((kind for kind in runtimes.values() if suffix in kind.suffixes), runtimes[LiteRt.model_name])
