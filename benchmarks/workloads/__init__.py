"""The workloads that compare two commits, one per file. Each runs the program from outside."""

from . import annotate, answers, chain, fan_out, idle, live, many_cameras, predictions, start_up
from .base import LEAST_SCORE, Inputs, Workload, prepared

WORKLOADS: dict[str, Workload] = {
    module.WORKLOAD.name: module.WORKLOAD
    for module in (annotate, live, fan_out, chain, many_cameras, predictions, answers, idle, start_up)
}

__all__ = ["LEAST_SCORE", "WORKLOADS", "Inputs", "Workload", "prepared"]
