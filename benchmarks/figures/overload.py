"""Many more cameras than the machine can serve, for minutes: memory and latency do not grow."""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from ..measuring import Finding, Findings, Program, ProgramError, Server, Viewers, at_most, memory_mb
from ..workloads import Inputs
from .watched import by_name, clips_for, config, latency_ms, seen

NUMBER = 64
SETTLE_S = 10.0
FIRST_S, SAMPLE_S, COURSE_S = 30.0, 5.0, 60.0
MEMORY_GROWTH, LATENCY_GROWTH = 1.05, 1.25
"""What a machine with other programs on it makes of something that does not grow."""


@dataclass(frozen=True)
class Sample:
    """One look at the running program.

    Attributes:
        at_s: Time since the first sample.
        memory_mb: Its resident memory.
        p95_ms: From capture to the sinks, the 95th percentile in the median camera.
        encoded: Frames that all cameras have encoded so far.
    """

    at_s: float
    memory_mb: float
    p95_ms: float
    encoded: int


def measure(program: Program, inputs: Inputs) -> Findings:
    """Serve and watch the cameras for ``inputs.minutes``."""
    samples: list[Sample] = []
    with program.serve(config(inputs, clips_for(program), NUMBER)) as server, Viewers(server.url) as viewers:
        viewers.open(*seen(NUMBER))
        time.sleep(SETTLE_S)
        began_s = time.monotonic()
        while not samples or samples[-1].at_s < max(60 * inputs.minutes, 2 * FIRST_S):
            if samples:
                time.sleep(SAMPLE_S)
            samples.append(_sample(server, time.monotonic() - began_s))
        left = sum(int(by_name(server)[name]["viewers"]) for name in seen(NUMBER))
    if left < NUMBER:
        raise ProgramError(f"{left} of {NUMBER} viewers are left")
    return judged(samples)


def _sample(server: Server, at_s: float) -> Sample:
    cameras: dict[str, Any] = by_name(server)
    latency = [latency_ms(cameras[name], SETTLE_S + at_s)[1] for name in seen(NUMBER)]
    encoded = sum(int(cameras[name]["counters"]["encoded"]) for name in seen(NUMBER))
    return Sample(at_s, memory_mb(server.meter.pid), statistics.median(latency), encoded)


def judged(samples: Sequence[Sample]) -> Findings:
    """Return the last half minute relative to the first."""
    end_s = samples[-1].at_s
    first = [each for each in samples if each.at_s <= FIRST_S]
    last = [each for each in samples if each.at_s >= end_s - FIRST_S]
    memory = statistics.median(each.memory_mb for each in first)
    latency = statistics.median(each.p95_ms for each in first)
    rate, rate_after = ((part[-1].encoded - part[0].encoded) / (part[-1].at_s - part[0].at_s) for part in (first, last))
    return Findings(
        [
            Finding(
                f"memory of {NUMBER} cameras, the last half minute of {end_s / 60:.1f}",
                tuple(each.memory_mb / memory for each in last),
                "",
                f"its first half minute: {memory:.0f} MB",
                at_most(MEMORY_GROWTH),
            ),
            Finding(
                "p95 from capture to the sinks, likewise",
                tuple(each.p95_ms / latency for each in last),
                "",
                f"its first half minute: {latency:.0f} ms",
                at_most(LATENCY_GROWTH),
            ),
            Finding("frames of all cameras, likewise", (rate_after,), "frames/s", f"{rate:.0f} frames/s"),
        ],
        _course(samples),
    )


def _course(samples: Sequence[Sample]) -> list[dict[str, Any]]:
    """Return each minute: what grows goes on, what only fills up comes to an end."""
    rows = []
    before = samples[0]
    for sample in samples[1:]:
        took_s = sample.at_s - before.at_s
        if took_s >= COURSE_S or sample is samples[-1]:
            rate = (sample.encoded - before.encoded) / took_s
            rows.append(
                {"minutes": sample.at_s / 60, "MB": sample.memory_mb, "p95 ms": sample.p95_ms, "frames/s": rate}
            )
            before = sample
    return rows
