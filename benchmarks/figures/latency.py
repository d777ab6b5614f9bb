"""Wall-clock time from capture to packet, by stage, and the share of each further camera in a chain.

The demo as it is served, each of three chained cameras watched; what the program itself says of its latencies.
"""

from __future__ import annotations

import time

from configs import DEMO

from ..measuring import Finding, Findings, Program, Viewers
from ..workloads import Inputs

CAMERAS = ("scene", "scene-detected", "scene-turned")
OWN_STAGES = ("0 crop", "1 rotate")


def measure(program: Program, inputs: Inputs) -> Findings:
    """Serve the demo and watch it."""
    with program.serve(DEMO) as server, Viewers(server.url) as viewers:
        viewers.open(*CAMERAS)
        before, began = server.meter.seconds(), time.monotonic()
        time.sleep(inputs.work / 30)
        cores = (server.meter.seconds() - before) / (time.monotonic() - began)
        latency = {name: server.camera(name)["latency_ms"] for name in CAMERAS}
    _, source, last = (latency[name] for name in CAMERAS)
    own = sum(last[stage]["p50"] for stage in OWN_STAGES)
    return Findings(
        [
            *(
                Finding(
                    f"{name}, capture to packet: median", (latency[name]["total"]["p50"],), "ms", _stages(latency[name])
                )
                for name in CAMERAS
            ),
            Finding(
                "one more camera on a chain",
                (last["line"]["p50"] - source["line"]["p50"],),
                "ms",
                f"its transforms: {own:.1f} ms",
            ),
            Finding("all three together", (cores,), "cores"),
        ]
    )


def _stages(latency: dict[str, dict[str, float]]) -> str:
    return "; ".join(f"{stage} {value['p50']:.1f}" for stage, value in latency.items() if stage != "total")
