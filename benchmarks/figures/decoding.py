"""Wall-clock time to decode a picture in a child process, beside the same in this process: at most 2 ms more.

The two take turns picture by picture, so that a busy machine slows both alike. The time includes one look at every part
of the picture, because pixels that another processor has written come when they are read.
"""

from __future__ import annotations

import statistics
import time
from typing import Any

from numpy.typing import NDArray

from cameras import MAX_PIXELS, decode_image
from cameras.picture.formats import decode

from ..measuring import Finding, Findings, Program, at_most
from ..workloads import Inputs

TARGET_MS = 2.0
_CACHE_LINE = 64


def measure(_program: Program, inputs: Inputs) -> Findings:
    """Decode the picture of the clip both ways."""
    picture, here, child = inputs.picture, [], []
    decode_image(picture)  # starts the process
    for _ in range(inputs.work):
        times = [time.perf_counter()]
        _read(decode(picture, max_pixels=MAX_PIXELS))
        times.append(time.perf_counter())
        _read(decode_image(picture))
        times.append(time.perf_counter())
        here.append(1000 * (times[1] - times[0]))
        child.append(1000 * (times[2] - times[1]))
    more = statistics.median(b - a for a, b in zip(here, child, strict=True))
    beside = f"in this process: {statistics.median(here):.2f} ms"
    return Findings([Finding("more to decode a picture in a child process", (more,), "ms", beside, at_most(TARGET_MS))])


def _read(image: NDArray[Any] | None) -> None:
    """Read a byte of each cache line."""
    assert image is not None
    image.reshape(-1)[::_CACHE_LINE].max()
