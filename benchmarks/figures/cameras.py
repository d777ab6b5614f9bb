"""Many watched cameras with a detector: what all give together, what each gets, and how late it comes.

The cameras are those of `watched`. Each has a viewer, in a separate process that counts packets.

Where there are more cameras than the machine has cores for, a camera goes on to decode, because each frame depends on
those before it, and gives only some of its frames on. That decoding is counted out: output is told per core that was
left for it, which is what the program used and what was idle, less what the unused frames cost. Idle cores count
against the program, those of the viewers and of other processes do not. What an unused frame costs is measured with the
program itself: as many cameras that run without viewers, which decode a frame and do nothing with it.
"""

from __future__ import annotations

import itertools
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..measuring import Finding, Findings, Program, ProgramError, Server, Viewers, at_least, at_most, idle_s
from ..workloads import Inputs
from .watched import by_name, clips_for, config, latency_ms, seen, source

SETTLE_S = 3.0
PARTS = 4
"""The measured time is divided into as many parts, whose range is the spread of the output."""
UNUSED_S = 4.0
"""How long the cost of unused frames is measured."""

LEAST_OUTPUT, LARGEST_DEVIATION = 0.9, 0.2


@dataclass(frozen=True)
class Part:
    """A part of the measured time; all are per second.

    Attributes:
        frames: Frames that all cameras together have encoded.
        unused: Frames that were decoded and not given on.
        cores: CPU seconds of the program.
        idle_cores: CPU seconds that no process used.
    """

    frames: float
    unused: float
    cores: float
    idle_cores: float

    def output(self, unused_ms: float) -> float:
        """Return the frames per second and core that was left for them, at a cost of an unused frame."""
        available = self.cores + self.idle_cores
        return self.frames / max(available - self.unused * unused_ms / 1000, 0.1 * available)


@dataclass(frozen=True)
class Load:
    """What was measured with one number of cameras.

    Attributes:
        number: The number of cameras.
        rates: Frames per second that each camera has encoded, over the whole time.
        parts: The parts of the time.
        latency_ms: Median and 95th percentile of each camera's time from capture to the sinks.
        work_ms: Sum of the medians of the stages of a frame, in the median camera.
        viewer_cores: CPU seconds per second of the viewers' process.
        unused_ms: CPU time of the program for a frame that is decoded and not used.
    """

    number: int
    rates: tuple[float, ...]
    parts: tuple[Part, ...]
    latency_ms: tuple[tuple[float, float], ...]
    work_ms: float
    viewer_cores: float
    unused_ms: float

    @property
    def total(self) -> float:
        """Frames per second of all cameras together."""
        return sum(self.rates)

    @property
    def outputs(self) -> tuple[float, ...]:
        """Frames per second and core, without the cores of unused frames, in each part."""
        return tuple(part.output(self.unused_ms) for part in self.parts)

    @property
    def output(self) -> float:
        """The median of the outputs."""
        return statistics.median(self.outputs)

    def mean(self, of: Callable[[Part], float]) -> float:
        """Return the mean of a quantity over the parts."""
        return statistics.fmean(map(of, self.parts))

    @property
    def shares(self) -> tuple[float, float]:
        """The least and the most frames of a camera, relative to its fair share."""
        fair = self.total / self.number
        return min(self.rates) / fair, max(self.rates) / fair

    def lateness(self, work_ms: float) -> float:
        """Return how late frames are: p95 relative to two of the camera's intervals and the work of one frame."""
        return max(
            p95 / (2000 / rate + work_ms) if rate else 0.0  # its share says that it gives nothing
            for (_, p95), rate in zip(self.latency_ms, self.rates, strict=True)
        )


def measure(program: Program, inputs: Inputs) -> Findings:
    """Serve each number of cameras and judge them together."""
    clips = clips_for(program)
    unused_ms = _unused_ms(program, clips, inputs.numbers[-1])
    loads = [_load(program, inputs, clips, number, unused_ms) for number in inputs.numbers]
    return judged(loads)


def judged(loads: Sequence[Load]) -> Findings:
    """Return the findings of all numbers of cameras, the least number first."""
    best = max(loads, key=lambda load: load.output)
    least = min((load for load in loads if load.number >= best.number), key=lambda load: load.output)
    work_ms = loads[0].work_ms
    uneven = max(loads, key=_deviation)
    latest = max(loads, key=lambda load: load.lateness(work_ms))
    rows = (
        Finding(
            f"least output of more cameras than the best number, {least.number}",
            tuple(output / best.output for output in least.outputs),
            "",
            f"{best.output:.0f} frames/s per core of {best.number} cameras",
            at_least(LEAST_OUTPUT),
        ),
        Finding(
            f"farthest from its fair share, a camera of {uneven.number}",
            (_deviation(uneven),),
            "",
            f"{uneven.total / uneven.number:.1f} frames/s",
            at_most(LARGEST_DEVIATION),
        ),
        Finding(
            f"p95 from capture to the sinks, the latest camera of {latest.number}",
            (latest.lateness(work_ms),),
            "",
            f"two intervals + {work_ms:.1f} ms, the work of a frame of {loads[0].number}",
            at_most(1.0),
        ),
    )
    note = f"A frame that is decoded and not used costs {loads[0].unused_ms:.2f} ms of CPU time."
    return Findings(rows, [_detail(load, work_ms) for load in loads], [note])


def _deviation(load: Load) -> float:
    return max(abs(share - 1) for share in load.shares)


def _detail(load: Load, work_ms: float) -> dict[str, Any]:
    least, most = load.shares
    return {
        "cameras": load.number,
        "frames/s": load.total,
        "per core": load.output,
        "per core used": load.total
        / max(load.mean(lambda part: part.cores - part.unused * load.unused_ms / 1000), 0.01),
        "least share": least,
        "most": most,
        "p50 ms": statistics.median(p50 for p50, _ in load.latency_ms),
        "p95 ms": statistics.median(p95 for _, p95 in load.latency_ms),
        "worst p95": max(p95 for _, p95 in load.latency_ms),
        "of limit": load.lateness(work_ms),
        "work ms": load.work_ms,
        "cores": load.mean(lambda part: part.cores),
        "idle": load.mean(lambda part: part.idle_cores),
        "viewers": load.viewer_cores,
        "unused/s": load.mean(lambda part: part.unused),
        "their cores": load.mean(lambda part: part.unused) * load.unused_ms / 1000,
    }


def _unused_ms(program: Program, clips: Sequence[Path], number: int) -> float:
    """Return the CPU time of a frame that a source decodes and nothing takes, with this number of cameras."""
    cameras = "\n".join(source(clips, index, "preload: true, ") for index in range(number))
    with program.serve(f"cameras:\n{cameras}\n") as server:
        time.sleep(SETTLE_S)
        before_s, decoded = server.meter.seconds(), _decoded(by_name(server))
        time.sleep(UNUSED_S)
        spent_s, decoded = server.meter.seconds() - before_s, _decoded(by_name(server)) - decoded
    if decoded <= 0:
        raise ProgramError(f"{number} cameras without viewers have decoded no frame in {UNUSED_S:.0f} s")
    return 1000 * spent_s / decoded


def _load(program: Program, inputs: Inputs, clips: Sequence[Path], number: int, unused_ms: float) -> Load:
    """Serve a number of cameras, watch them all, and measure for ``inputs.seconds``."""
    with program.serve(config(inputs, clips, number)) as server, Viewers(server.url) as viewers:
        viewers.open(*seen(number))
        time.sleep(SETTLE_S)
        moments = list(_moments(server, viewers, inputs.seconds, number))
        packets = viewers.packets()
        after = by_name(server)
        for name in seen(number):
            server.require_viewers(name, 1)
    first, last = moments[0], moments[-1]
    sent = sum(last.encoded) - sum(first.encoded)
    if packets < sent:
        raise ProgramError(f"{number} cameras: their viewers received {packets} packets of {sent} frames")
    took_s = last.at_s - first.at_s
    return Load(
        number,
        tuple((b - a) / took_s for a, b in zip(first.encoded, last.encoded, strict=True)),
        tuple(_part(a, b) for a, b in itertools.pairwise(moments)),
        tuple(latency_ms(after[name], took_s) for name in seen(number)),
        statistics.median(_work_ms(after[name]["latency_ms"]) for name in seen(number)),
        (last.viewers_s - first.viewers_s) / took_s,
        unused_ms,
    )


@dataclass(frozen=True)
class _Moment:
    at_s: float
    cpu_s: float
    idle_s: float
    viewers_s: float
    encoded: tuple[int, ...]
    decoded: int


def _moments(server: Server, viewers: Viewers, seconds: float, number: int) -> Iterator[_Moment]:
    """Yield the counters before and after each part of the time."""
    for part in range(PARTS + 1):
        if part:
            time.sleep(seconds / PARTS)
        at_s, cameras = time.monotonic(), by_name(server)
        yield _Moment(
            at_s,
            server.meter.seconds(),
            idle_s(),
            viewers.meter.seconds(),
            tuple(int(cameras[name]["counters"]["encoded"]) for name in seen(number)),
            _decoded(cameras),
        )


def _part(a: _Moment, b: _Moment) -> Part:
    took_s, frames = b.at_s - a.at_s, sum(b.encoded) - sum(a.encoded)
    return Part(
        frames / took_s,
        max(b.decoded - a.decoded - frames, 0) / took_s,
        (b.cpu_s - a.cpu_s) / took_s,
        (b.idle_s - a.idle_s) / took_s,
    )


def _decoded(cameras: dict[str, Any]) -> int:
    return sum(int(camera["counters"]["decoded"]) for name, camera in cameras.items() if name.startswith("clip-"))


def _work_ms(latency: dict[str, dict[str, float]]) -> float:
    """Return the sum of the medians of the transforms and the encoder; the other stages are times of several."""
    return sum(value["p50"] for stage, value in latency.items() if stage == "encode" or stage[0].isdigit())
