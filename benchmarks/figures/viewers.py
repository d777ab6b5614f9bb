"""The most viewers at full rate that one core serves: camweave and Debian's Janus on the same live feed.

The server and all that it starts run on one core, the viewers and the feed on the others. Viewers are added until one
of them misses packets. Where the viewers keep their own cores busy, there is no measure.
"""

from __future__ import annotations

import contextlib
import os
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..measuring import (
    RATE,
    CpuMeter,
    Finding,
    Findings,
    Program,
    ProgramError,
    Viewers,
    at_least,
    live_feed,
    render,
    running_janus,
)
from ..measuring.janus import MOUNTPOINT, RTP_PORT
from ..workloads import Inputs
from .fanout import LEAST_FPS, PROFILES, Load, beside_janus, feed_config, load_of

BITRATE, CLIP_S = 1_000_000, 8
FIRST, GROWTH, MOST = 100, 1.15, 3000
SETTLE_S, MEASURED_S = 3.0, 4.0
TRIES = 2
"""How often viewers may miss frames before there are too many: a burst of other work is no limit."""
TARGET = 2.5
"""Times as many as Janus."""
FULL = 0.97
"""Share of their cores beyond which the viewers themselves may be what loses packets."""


@contextlib.contextmanager
def on_cores(cores: set[int]) -> Iterator[None]:
    """Keep the processes that are started in the ``with`` on some cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores)
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def measure(program: Program, _inputs: Inputs) -> Findings:
    """Serve the feed by each, and add viewers.

    Raises:
        ProgramError: There is one core only.
    """
    cores = sorted(os.sched_getaffinity(0))
    if len(cores) < 2:
        raise ProgramError("viewers: takes two cores, one for the server and one for its viewers")
    clip = program.scratch / "feed-1m.h264"
    render(clip, 1280, 720, CLIP_S * RATE, bitrate=BITRATE)
    with beside_janus() as (address, missing), on_cores(set(cores[1:])):
        theirs = None if missing else _janus(clip, address, {cores[0]})
        ours = _ours(program, clip, address, {cores[0]})
    return judged(ours, theirs, missing)


@dataclass(frozen=True)
class Climb:
    """The loads of more and more viewers, and why there were no more of them."""

    loads: list[tuple[int, Load]]
    end: str

    @property
    def most(self) -> int:
        """The largest number of viewers that all got everything."""
        return max((number for number, load in self.loads if is_full_rate(load)), default=0)


def _ours(program: Program, clip: Path, address: str, cores: set[int]) -> Climb:
    with contextlib.ExitStack() as stack:
        url = stack.enter_context(live_feed(clip))
        with on_cores(cores):
            server = stack.enter_context(program.serve(feed_config(url, address)))
        viewers = stack.enter_context(Viewers(server.url, profile=PROFILES["AES-CM-SHA1"], address=address))
        return _climb(server.meter, viewers, "feed")


def _janus(clip: Path, address: str, cores: set[int]) -> Climb:
    with contextlib.ExitStack() as stack:
        stack.enter_context(live_feed(clip, RTP_PORT))
        with on_cores(cores):
            server = stack.enter_context(running_janus(address))
        viewers = stack.enter_context(Viewers(server.url, "janus", PROFILES["AES-CM-SHA1"], address))
        return _climb(server.meter, viewers, MOUNTPOINT)


def _climb(meter: CpuMeter, viewers: Viewers, camera: str, monotonic: Callable[[], float] = time.monotonic) -> Climb:
    """Add viewers until some do not get everything, cannot be opened, or there are ``MOST``."""
    loads: list[tuple[int, Load]] = []
    number = 0
    while number < MOST:
        wanted = max(FIRST, round(number * GROWTH))
        try:
            viewers.open(camera, number=wanted - number)
        except ProgramError as error:  # a server without time for handshakes
            return Climb(loads, f"{wanted} could not be opened: {error}")
        number = wanted
        for _ in range(TRIES):
            viewers.received_in(SETTLE_S)
            before_s = viewers.meter.seconds()
            load = load_of(meter, viewers, MEASURED_S, monotonic)
            if viewers.meter.seconds() - before_s > FULL * MEASURED_S:
                return Climb(loads, f"{number} viewers keep their own core busy: no measure of the server")
            if is_full_rate(load):
                break
        loads.append((number, load))
        if not is_full_rate(load):
            return Climb(loads, f"of {number}, not all got every frame")
    return Climb(loads, "there were no more")


def is_full_rate(load: Load) -> bool:
    """Return whether every viewer got every packet, at the rate of the feed."""
    return load.least_fps >= LEAST_FPS and load.lost == 0


def judged(ours: Climb, theirs: Climb | None, missing: str) -> Findings:
    """Return the findings; ``missing`` says why there is no Janus."""
    rows = [
        Finding(
            "viewers at full rate on one core, 720p30, 1 Mbit/s",
            (float(ours.most),),
            "",
            missing if theirs is None else f"Janus: {theirs.most}",
        )
    ]
    notes = [f"camweave: {ours.end}"]
    details = [_detail("camweave", *each) for each in ours.loads]
    if theirs is not None:
        notes.append(f"Janus: {theirs.end}")
        details += [_detail("Janus", *each) for each in theirs.loads]
        # None at all is a machine that is too busy, not a gateway to be better than.
        ratio = ours.most / theirs.most if theirs.most else float("nan")
        rows.append(Finding("the same, relative to Janus", (ratio,), "", "", at_least(TARGET)))
    return Findings(rows, details, notes)


def _detail(who: str, number: int, load: Load) -> dict[str, Any]:
    return {
        "server": who,
        "viewers": number,
        "cores": load.cores,
        "packets/s": load.packets,
        "least frames/s": load.least_fps,
        "lost": load.lost,
    }
