"""Inferences per second of watched cameras on a GPU, with ONNX Runtime's CUDA provider. Beside it the CPU.

On the GPU, the pictures of several cameras run as one inference (``batch``), and each alone. Without a GPU there is
nothing to measure, and the benchmark says so.
"""

from __future__ import annotations

import importlib
import time
from collections.abc import Sequence
from pathlib import Path

from ..measuring import Finding, Findings, Program, ProgramError, Viewers, write_classifier
from ..workloads import Inputs
from .watched import by_name, clips_for, seen, source

NUMBER = 64
BATCH_MAX, WAIT_MS = 16, 5
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
    """Serve the cameras on the GPU and on the CPU in turn."""
    reason = reason_without()
    if reason is not None:
        return Findings([], notes=[f"gpu was not measured: {reason}."])
    return compared(program, "cuda", "CUDA")


def compared(program: Program, provider: str, title: str) -> Findings:
    """Serve the cameras on a provider in batches, on the same without, and on the CPU, in turn.

    Args:
        program: The program.
        provider: The name of the provider in the configuration.
        title: Its name in the table.
    """
    model = program.scratch / "classifier.onnx"
    write_classifier(model)
    runs = [
        tuple(_run(program, model, *way) for way in ((provider, True), (provider, False), ("cpu", False)))
        for _ in range(PAIRS)
    ]
    ways = (f"{title}, batches of {BATCH_MAX} at most", f"{title}, each alone", "the CPU")
    what = f"inferences of {NUMBER} cameras"
    rows = [
        Finding(f"{what} on {ways[0]}, relative to {ways[other]}", tuple(run[0][0] / run[other][0] for run in runs))
        for other in (1, 2)
    ]
    for number, way in enumerate(ways):
        rates, costs = zip(*(run[number] for run in runs), strict=True)
        rows.append(Finding(f"{what} on {way}", rates, "per s"))
        rows.append(Finding(f"program on {way}", costs, "ms CPU per inference"))
    return Findings(rows)


def config(clips: Sequence[Path], model: Path, provider: str, batch: bool) -> str:
    """Return a configuration with a classifier that all cameras share.

    Args:
        clips: The files that the cameras play in turn.
        model: The classifier.
        provider: What it runs on.
        batch: Whether pictures of several cameras run as one inference.
    """
    cameras = "\n".join(
        f"{source(clips, index)}\n"
        f"  - {{name: {name}, model: transform, attributes: {{source: clip-{index}, pipeline: "
        "[{type: classifications, attributes: {classifier_name: things}}]}}"
        for index, name in enumerate(seen(NUMBER))
    )
    together = f", batch: {{max: {BATCH_MAX}, wait_ms: {WAIT_MS}}}" if batch else ""
    return (
        f"cameras:\n{cameras}\nservices:\n"
        "  - name: things\n    type: vision\n    model: mlmodel\n    attributes: {mlmodel_name: model, "
        "input_image_mean_value: [0.5, 0.5, 0.5], input_image_std_dev: [0.5, 0.5, 0.5]}\n"
        "  - name: model\n    type: mlmodel\n    model: onnx\n"
        f'    attributes: {{model_path: "{model}", providers: [{provider}]{together}}}\n'
    )


def _run(program: Program, model: Path, provider: str, batch: bool) -> tuple[float, float]:
    """Return the inferences per second, and the CPU time of the program for each in milliseconds."""
    with program.serve(config(clips_for(program), model, provider, batch)) as server, Viewers(server.url) as viewers:
        viewers.open(*seen(NUMBER))
        time.sleep(SETTLE_S)
        counts = []
        for pause_s in (MEASURED_S, 0.0):
            cameras_now = by_name(server)
            done = sum(int(cameras_now[name]["counters"]["inferences"]["things"]) for name in seen(NUMBER))
            counts.append((time.monotonic(), server.meter.seconds(), done))
            time.sleep(pause_s)
    (began_s, began_cpu_s, before), (ended_s, ended_cpu_s, after) = counts
    if after == before:
        raise ProgramError(f"{NUMBER} cameras on {provider}: no inference in {MEASURED_S:.0f} s")
    return (after - before) / (ended_s - began_s), 1000 * (ended_cpu_s - began_cpu_s) / (after - before)
