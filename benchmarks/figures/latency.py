"""Wall-clock time from capture to packet, by stage, and the share of each further camera in a chain.

The demo as it is served, each of three chained cameras watched; what the program itself says of its latencies.
"""

from __future__ import annotations

import time

from configs import DEMO

from ..measuring import Program, Viewers
from ..workloads import Inputs

CAMERAS = ("scene", "scene-detected", "scene-turned")
OWN_STAGES = ("0 crop", "1 rotate")


def show(program: Program, inputs: Inputs) -> None:
    """Serve the demo, watch it, and print the stages of its cameras."""
    with program.serve(DEMO) as server, Viewers(server.url) as viewers:
        for name in CAMERAS:
            viewers.open(name)
        before, began = server.meter.seconds(), time.monotonic()
        time.sleep(inputs.work / 30)
        cores = (server.meter.seconds() - before) / (time.monotonic() - began)
        latency = {name: server.camera(name)["latency_ms"] for name in CAMERAS}
    print("milliseconds, median / 95th percentile; total is from capture to packet")
    for name in CAMERAS:
        stages = "; ".join(f"{stage} {value['p50']:.1f} / {value['p95']:.1f}" for stage, value in latency[name].items())
        print(f"{name:15} {stages}")
    _, source, last = (latency[name] for name in CAMERAS)
    added = last["line"]["p50"] - source["line"]["p50"]
    own = sum(last[stage]["p50"] for stage in OWN_STAGES)
    print(f"one more camera on a chain adds {added:.1f} ms, of which its transforms {own:.1f} ms")
    print(f"all three together: {cores:.2f} of a core")
