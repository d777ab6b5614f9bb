"""The benchmarks of the working tree: each measures beside something else in the same run, and many have a target."""

from collections.abc import Callable

from ..measuring import Findings, Program
from ..workloads import Inputs
from . import (
    cameras,
    chain,
    decoding,
    encoder,
    fanout,
    gpu,
    idle,
    join,
    keep_alive,
    latency,
    line,
    memory,
    metrics,
    overload,
    passthrough,
    predictions,
    recognition,
    reload,
    sei,
    slow_model,
    start,
    throughput,
    viewers,
)

FIGURES: dict[str, Callable[[Program, Inputs], Findings]] = {
    "cameras": cameras.measure,
    "slow_model": slow_model.measure,
    "line": line.measure,
    "throughput": throughput.measure,
    "chain": chain.measure,
    "idle": idle.measure,
    "join": join.measure,
    "start": start.measure,
    "memory": memory.measure,
    "overload": overload.measure,
    "gpu": gpu.measure,
    "latency": latency.measure,
    "fanout": fanout.measure,
    "viewers": viewers.measure,
    "passthrough": passthrough.measure,
    "predictions": predictions.measure,
    "encoder": encoder.measure,
    "sei": sei.measure,
    "decoding": decoding.measure,
    "recognition": recognition.measure,
    "keep_alive": keep_alive.measure,
    "metrics": metrics.measure,
    "reload": reload.measure,
}

__all__ = ["FIGURES"]
