"""CPU time of a picture to a detector over HTTP, beside decoding it."""

from __future__ import annotations

from ..measuring import Finding, Findings, Program
from ..workloads import WORKLOADS, Inputs
from .bare import picture_decoded_ms


def measure(program: Program, inputs: Inputs) -> Findings:
    """Run the workload once, and OpenCV's decoder."""
    cost, beside = WORKLOADS["predictions"].measure(program, inputs), picture_decoded_ms(inputs.picture)
    return Findings(
        [
            Finding(
                "a picture to a detector over HTTP", (cost,), "ms CPU", f"OpenCV decoding the picture: {beside:.2f} ms"
            )
        ]
    )
