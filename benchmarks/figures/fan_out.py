"""CPU time of one more viewer of a camera, beside an encoder for each viewer."""

from __future__ import annotations

from ..measuring import Finding, Findings, Program
from ..workloads import WORKLOADS, Inputs
from .bare import encoded_by_aiortc_ms


def measure(program: Program, inputs: Inputs) -> Findings:
    """Run the workload once, and aiortc's encoder."""
    cost, beside = WORKLOADS["fan_out"].measure(program, inputs), 1000 * encoded_by_aiortc_ms(inputs.small_clip)
    return Findings(
        [
            Finding(
                "one more viewer", (cost,), "us CPU per frame", f"aiortc's encoder, one for each viewer: {beside:.0f}"
            )
        ]
    )
