"""`camweave annotate` on a clip with a detector: decode, detect, paint and encode every frame as MP4."""

from __future__ import annotations

from ..measuring import Program
from .base import Inputs, Workload

# The first frames include the start of threads and the first use of buffers.
FIRST = 15


def measure(program: Program, inputs: Inputs) -> float:
    config = program.scratch / "annotate.yaml"
    config.write_text(
        f"""
cameras:
  - {{name: clip, model: video_file, attributes: {{path: "{inputs.clip}"}}}}
  - name: seen
    model: transform
    attributes:
      source: clip
      pipeline:
        - {{type: detections, attributes: {{detector_name: things, confidence_threshold: 0.5}}}}
{inputs.detector()}""",
        "utf-8",
    )
    # fmt: off
    return 1000 * program.cpu_per_line(
        "annotate", str(config), "--camera", "seen", "--input", str(inputs.clip),
        "--output", str(program.scratch / "annotated.mp4"), "--json", "-", first=FIRST,
    )
    # fmt: on


WORKLOAD = Workload("annotate", "annotate a clip with a detector, to a file", "ms per frame", measure)
