"""The runtimes there are."""

from __future__ import annotations

from .litert import LiteRt
from .runtime import Runtime

RUNTIMES: dict[str, type[Runtime]] = {
    LiteRt.model_name: LiteRt,
}
"""Everything that runs a model file, by the ``model`` it has in the YAML (``type: mlmodel``)."""
