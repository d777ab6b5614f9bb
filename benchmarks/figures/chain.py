"""CPU of one more link of a chain: a further camera with a transform that changes nothing, at 30 frames per second.

The slope between a short and a long chain, which are served in turn and watched at the end: the source, the encoder and
the viewer are there once in both.
"""

from __future__ import annotations

import time

from ..measuring import RATE, Finding, Findings, Program, Viewers, at_most
from ..workloads import Inputs

SHORT, LONG = 1, 61
PAIRS = 3
SETTLE_S = 2.0
TARGET_PERCENT = 0.15


def measure(program: Program, inputs: Inputs) -> Findings:
    """Serve both chains in turn."""
    pairs = [tuple(_cores(program, inputs, number) for number in (SHORT, LONG)) for _ in range(PAIRS)]
    link = tuple(100 * (long - short) / (LONG - SHORT) for short, long in pairs)
    beside = f"all of a chain of {SHORT}: {100 * min(short for short, _ in pairs):.1f} %"
    return Findings([Finding("one more link, 30 frames/s", link, "% of a core", beside, at_most(TARGET_PERCENT))])


def _cores(program: Program, inputs: Inputs, number: int) -> float:
    """Return the CPU seconds per second of a chain with this number of links."""
    names = ["clip", *(f"link-{index}" for index in range(number))]
    links = "\n".join(
        f"  - {{name: {name}, model: transform, attributes: {{source: {source}, pipeline: [{{type: identity}}]}}}}"
        for source, name in zip(names, names[1:], strict=False)
    )
    config = f"""cameras:
  - {{name: clip, model: video_file, attributes: {{path: "{inputs.small_clip}", loop: true}}}}
{links}
"""
    with program.serve(config) as server, Viewers(server.url) as viewers:
        viewers.open(names[-1])
        time.sleep(SETTLE_S)
        before_s, began_s, frames = server.meter.seconds(), time.monotonic(), server.encoded(names[-1])
        time.sleep(inputs.work / RATE)
        spent_s, took_s = server.meter.seconds() - before_s, time.monotonic() - began_s
        # Relative to the frames, should the machine have been too busy for all of them.
        return spent_s / took_s * (RATE * took_s / max(server.encoded(names[-1]) - frames, 1))
