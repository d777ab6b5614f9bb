"""A chain of four transform cameras with one transform each, and one viewer of the last."""

from __future__ import annotations

from ..measuring import Program, Viewers
from .base import Inputs, Workload

CHAIN = (
    ("crop", "{x_min_px: 0.1, y_min_px: 0.1, x_max_px: 0.9, y_max_px: 0.9}"),
    ("resize", "{width_px: 480, height_px: 270}"),
    ("flip", "{direction: horizontal}"),
    ("rotate", "{angle_degs: 90}"),
)


def measure(program: Program, inputs: Inputs) -> float:
    names = ["clip", *(kind for kind, _ in CHAIN)]
    links = "\n".join(
        f"  - {{name: {kind}, model: transform, attributes: "
        f"{{source: {source}, pipeline: [{{type: {kind}, attributes: {attributes}}}]}}}}"
        for source, (kind, attributes) in zip(names, CHAIN, strict=False)
    )
    config = f"""
cameras:
  - {{name: clip, model: video_file, attributes: {{path: "{inputs.small_clip}", loop: true}}}}
{links}
"""
    with program.serve(config) as server, Viewers(server.url) as viewers:
        viewers.open(names[-1])
        return 1000 * server.cpu_per_unit(lambda: server.encoded(names[-1]), inputs.work)


WORKLOAD = Workload("chain", "a chain of four transform cameras, one viewer", "ms per frame", measure)
