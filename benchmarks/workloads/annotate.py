"""`camweave annotate` on a clip with a detector: decode, detect, paint and encode every frame as MP4."""

from __future__ import annotations

from ..measuring import Program
from .base import Inputs, Workload

# The first frames include the start of threads and the first use of buffers.
FIRST = 15


def measure(program: Program, inputs: Inputs) -> float:
    config = program.scratch / "annotate.yaml"
    config.write_text(inputs.detected(inputs.clip), "utf-8")
    # fmt: off
    return 1000 * program.cpu_per_line(
        "annotate", str(config), "--camera", "seen", "--input", str(inputs.clip),
        "--output", str(program.scratch / "annotated.mp4"), "--json", "-", first=FIRST,
    )
    # fmt: on


WORKLOAD = Workload("annotate", "annotate a clip with a detector, to a file", "ms per frame", measure)
