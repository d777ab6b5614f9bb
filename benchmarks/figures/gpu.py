"""Inferences per second of watched cameras on a GPU, with ONNX Runtime's CUDA provider. Beside it the CPU.

Without a GPU there is nothing to measure, and the benchmark says so.
"""

from __future__ import annotations

import importlib
import time

from ..measuring import Finding, Findings, Program, ProgramError, Viewers
from ..workloads import Inputs
from ..workloads.base import MODELS
from .watched import by_name, clip_for, config, seen

NUMBER = 16
SETTLE_S, MEASURED_S = 3.0, 6.0
PAIRS = 3
PROVIDER = "CUDAExecutionProvider"


def reason_without() -> str | None:
    """Return why no GPU can be used; None if one can."""
    try:
        library = importlib.import_module("onnxruntime")
    except ImportError:
        return "ONNX Runtime is not installed"
    if PROVIDER not in (present := library.get_available_providers()):
        return f"ONNX Runtime {library.__version__} has {', '.join(present)}, not {PROVIDER}"
    return None


def measure(program: Program, inputs: Inputs) -> Findings:
    """Serve the cameras with the detector on the CPU and on the GPU in turn."""
    reason = reason_without()
    if reason is not None:
        return Findings([], notes=[f"gpu was not measured: {reason}."])
    pairs = [(_inferences_per_s(program, inputs, "cuda"), _inferences_per_s(program, inputs, "cpu"))
             for _ in range(PAIRS)]  # fmt: skip
    gpu, cpu = (tuple(pair[side] for pair in pairs) for side in (0, 1))
    what = f"inferences of {NUMBER} cameras"
    return Findings(
        [
            Finding(f"{what} on CUDA, relative to the CPU", tuple(a / b for a, b in pairs)),
            Finding(f"{what} on CUDA", gpu, "per s"),
            Finding(f"{what} on the CPU", cpu, "per s"),
        ]
    )


def _inferences_per_s(program: Program, inputs: Inputs, provider: str) -> float:
    cameras = config(inputs, clip_for(program), NUMBER).partition("services:")[0]
    services = (
        "services:\n"
        "  - name: things\n    type: vision\n    model: mlmodel\n    attributes: {mlmodel_name: model}\n"
        "  - name: model\n    type: mlmodel\n    model: onnx\n"
        f'    attributes: {{model_path: "{MODELS / "shapes_detector.onnx"}", '
        f'label_path: "{MODELS / "shapes.txt"}", providers: [{provider}]}}\n'
    )
    with program.serve(cameras + services) as server, Viewers(server.url) as viewers:
        viewers.open(*seen(NUMBER))
        time.sleep(SETTLE_S)
        counts = []
        for pause_s in (MEASURED_S, 0.0):
            cameras_now = by_name(server)
            done = sum(int(cameras_now[name]["counters"]["inferences"]["things"]) for name in seen(NUMBER))
            counts.append((time.monotonic(), done))
            time.sleep(pause_s)
    (began_s, before), (ended_s, after) = counts
    if after == before:
        raise ProgramError(f"{NUMBER} cameras on {provider}: no inference in {MEASURED_S:.0f} s")
    return (after - before) / (ended_s - began_s)
