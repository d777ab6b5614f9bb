"""Wall-clock time from capture to the socket and to the screen, and the share of each further camera in a chain.

By stage: what the program itself says of the demo as it is served, each of three chained cameras watched. To the
socket: a camera with a detector and one viewer, then many; inference and encoding are counted out, since no program can
do without. To the screen: see `glass`.
"""

from __future__ import annotations

import statistics
import time
from collections.abc import Sequence

from configs import DEMO

from ..measuring import Finding, Findings, Program, Viewers, at_most, median_interval
from ..measuring.stamped import RATE as GLASS_RATE
from ..workloads import Inputs
from .glass import FRAMES, ROUNDS, chromium_missing, differences, measure_glass

CAMERAS = ("scene", "scene-detected", "scene-turned")
OWN_STAGES = ("0 crop", "1 rotate")
VIEWERS = {1: 3.0, 50: 6.0}
"""How many viewers, and the most milliseconds beside inference and encoding, of the 95th percentile."""
INFERENCE = ("things", "0 detections")
"""The stage of the detector: that of the model if there is one, else that of its transform."""
SETTLE_S = 3.0
SAMPLES = 256
"""Frames of which the program keeps the durations."""
INTERVALS = 0.2
"""Most that Chromium may show a frame later than from the bare streamer, in frame intervals."""

Stages = dict[str, dict[str, float]]
"""Median and 95th percentile of each stage in milliseconds, as the API has them."""


def measure(program: Program, inputs: Inputs) -> Findings:
    """Measure all three."""
    rows = _by_stage(program, inputs)
    rows += [to_socket(number, stages) for number, stages in _handed(program, inputs).items()]
    if missing := chromium_missing():
        return Findings(rows, (), [f"to the screen: {missing}"])
    ours, bare = measure_glass(program)
    return Findings([*rows, *to_screen(ours, bare)])


def _by_stage(program: Program, inputs: Inputs) -> list[Finding]:
    """Serve the demo and watch it."""
    with program.serve(DEMO) as server, Viewers(server.url) as viewers:
        viewers.open(*CAMERAS)
        before, began = server.meter.seconds(), time.monotonic()
        time.sleep(inputs.work / 30)
        cores = (server.meter.seconds() - before) / (time.monotonic() - began)
        latency = {name: server.camera(name)["latency_ms"] for name in CAMERAS}
    _, source, last = (latency[name] for name in CAMERAS)
    own = sum(last[stage]["p50"] for stage in OWN_STAGES)
    return [
        *(
            Finding(
                f"{name}, capture to socket: median", (latency[name]["total"]["p50"],), "ms", _stages(latency[name])
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


def _stages(latency: Stages) -> str:
    return "; ".join(f"{stage} {value['p50']:.1f}" for stage, value in latency.items() if stage != "total")


def _handed(program: Program, inputs: Inputs) -> dict[int, Stages]:
    """Return the stages of a camera with a detector, by the number of its viewers."""
    found = {}
    with program.serve(inputs.detected(inputs.clip, loop=True)) as server, Viewers(server.url) as viewers:
        opened = 0
        for number in VIEWERS:
            viewers.open("seen", number=number - opened)
            opened = number
            # Frames that came while viewers joined, with their key frames, have left the samples then.
            time.sleep(SETTLE_S + SAMPLES / 30)
            found[number] = server.camera("seen")["latency_ms"]
            server.require_viewers("seen", number)
    return found


def to_socket(number: int, stages: Stages) -> Finding:
    """Return the finding on the stages of a camera with this number of viewers."""
    inference = next(stages[name] for name in INFERENCE if name in stages)
    encode, total = stages["encode"], stages["total"]
    return Finding(
        f"capture to the last packet in its socket, {number} viewer{'s' if number > 1 else ''}: p95 of all beside "
        "inference and encoding",
        (total["p95"] - inference["p95"] - encode["p95"],),
        "ms",
        f"p95: all {total['p95']:.1f}, inference {inference['p95']:.1f}, encoding {encode['p95']:.1f}; "
        f"p50: {total['p50']:.1f}, {inference['p50']:.1f}, {encode['p50']:.1f}",
        at_most(VIEWERS[number]),
    )


def to_screen(ours: Sequence[list[float]], bare: Sequence[list[float]]) -> list[Finding]:
    """Return the findings on the ages in milliseconds of the frames that a browser has shown, by connection."""
    later = median_interval(differences(list(ours), list(bare)))
    number = ROUNDS * FRAMES
    medians = [statistics.median(age for ages in side for age in ages) for side in (ours, bare)]
    p95 = [statistics.quantiles([age for ages in side for age in ages], n=20)[-1] for side in (ours, bare)]
    return [
        Finding(
            f"glass to glass in Chromium: median of {number} frames",
            (medians[0],),
            "ms",
            f"aiortc and x264, bare: {medians[1]:.1f} ms; p95 {p95[0]:.1f} against {p95[1]:.1f}",
        ),
        Finding(
            "its difference to the bare one, in frame intervals",
            (later.median * GLASS_RATE / 1000,),
            "",
            f"{later.median:.1f} ms, {later.confidence:.0%} interval {later.low:.1f} to {later.high:.1f}",
            at_most(INTERVALS),
        ),
    ]
