"""Resident memory: of one more watched camera with a shared model, of one more viewer, and after many sessions."""

from __future__ import annotations

import time

from ..measuring import Finding, Findings, Program, Server, Viewers, at_most, memory_mb
from ..workloads import Inputs
from .watched import clips_for, config, seen

FEW, MANY = 4, 16
MORE_VIEWERS = 32
SESSIONS, AT_ONCE, FIRST = 1000, 20, 200
"""Sessions in all, how many are open at once, and how many come before memory must stay: the first ones fill pools."""
SETTLE_S = 3.0
SAMPLES, SAMPLE_S = 10, 0.2

CAMERA_MB, VIEWER_MB, GROWTH = 12.0, 0.6, 1.02


def settled_mb(server: Server) -> float:
    """Return the least memory within two seconds: pictures come and go."""
    least = memory_mb(server.meter.pid)
    for _ in range(SAMPLES):
        time.sleep(SAMPLE_S)
        least = min(least, memory_mb(server.meter.pid))
    return least


def measure(program: Program, inputs: Inputs) -> Findings:
    """Serve cameras, watch them, and open and close sessions."""
    text = config(inputs, clips_for(program), MANY)
    with program.serve(text) as server, Viewers(server.url) as viewers:
        begun = settled_mb(server)
        viewers.open(*seen(FEW))
        time.sleep(SETTLE_S)
        few = settled_mb(server)
        viewers.open(*seen(MANY)[FEW:])
        time.sleep(SETTLE_S)
        many = settled_mb(server)
    with program.serve(text) as server, Viewers(server.url) as viewers:
        viewers.open("seen-0")
        time.sleep(SETTLE_S)
        one = settled_mb(server)
        viewers.open("seen-0", number=MORE_VIEWERS)
        time.sleep(SETTLE_S)
        watched = settled_mb(server)
        server.require_viewers("seen-0", 1 + MORE_VIEWERS)
        viewers.close()
        after = _after_sessions(server, viewers)
    return judged(begun, (few, many), (one, watched), after)


def _after_sessions(server: Server, viewers: Viewers) -> list[float]:
    """Open and close sessions; return the memory each time ``FIRST`` more have ended."""
    found = []
    for number in range(AT_ONCE, SESSIONS + 1, AT_ONCE):
        viewers.open("seen-0", number=AT_ONCE)
        viewers.close()
        if number % FIRST == 0:
            time.sleep(SETTLE_S)
            found.append(settled_mb(server))
    return found


def judged(begun: float, cameras: tuple[float, float], viewers: tuple[float, float], sessions: list[float]) -> Findings:
    """Return the findings from memory in MB.

    Args:
        begun: Without viewers.
        cameras: With ``FEW`` and with ``MANY`` watched cameras.
        viewers: With one viewer of a camera, and with ``MORE_VIEWERS`` more.
        sessions: Each time ``FIRST`` more sessions have ended.
    """
    (few, many), (one, watched) = cameras, viewers
    course = ", ".join(f"{each:.0f}" for each in sessions)
    return Findings(
        [
            Finding(
                f"one more watched camera of 640x360, {FEW} to {MANY}",
                ((many - few) / (MANY - FEW),),
                "MB",
                f"listening: {begun:.0f} MB; {MANY} watched: {many:.0f} MB",
                at_most(CAMERA_MB),
            ),
            Finding(
                f"one more viewer, 1 to {1 + MORE_VIEWERS}",
                ((watched - one) / MORE_VIEWERS,),
                "MB",
                f"one viewer: {one:.0f} MB",
                at_most(VIEWER_MB),
            ),
            Finding(
                f"after {SESSIONS} sessions, relative to after {FIRST}",
                (sessions[-1] / sessions[0],),
                "",
                f"every {FIRST}: {course} MB",
                at_most(GROWTH),
            ),
        ]
    )
