"""What is known of a model, for tests of heads."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from vision.outputs.heads.evidence import Evidence
from vision.runtimes.base import Metadata


def ran(
    outputs: Mapping[str, Any],
    size: tuple[int, int] = (640, 640),
    labels: int = 0,
    *,
    inputs: Sequence[str] = ("images",),
    metadata: Metadata | None = None,
    activation: str = "auto",
    channels_first: bool = False,
) -> Evidence:
    """Return the evidence of a model that gave these outputs in its trial run; a shape stands for zeros."""
    arrays = {
        name: np.zeros(value, np.float32) if isinstance(value, tuple) else np.asarray(value, np.float32)
        for name, value in outputs.items()
    }
    shapes = {name: array.shape for name, array in arrays.items()}
    return Evidence(
        shapes,
        size,
        labels,
        metadata=metadata,
        inputs=inputs,
        channels_first=channels_first,
        activation=activation,
        run=lambda: [arrays],
    )
