"""Wall-clock time from a viewer's offer to its first packet: at a running camera, and at one that has to start.

The viewer is aiortc in a process of its own, whose part of the handshake is included. A cold camera opens its file and
starts an encoder; a warm one makes a key frame.
"""

from __future__ import annotations

import time

from ..measuring import Finding, Findings, Program, Viewers, at_most
from ..workloads import Inputs

NUMBER = 10
WARM_MS, COLD_MS = 80.0, 130.0
SETTLE_S = 1.0
"""Longer than the pause between two key frames that viewers ask for, which a third viewer would wait for."""


def measure(program: Program, inputs: Inputs) -> Findings:
    """Watch each camera twice: first cold, then warm."""
    names = [f"clip-{index}" for index in range(NUMBER + 1)]
    cameras = "\n".join(
        f'  - {{name: {name}, model: video_file, linger_s: 0, attributes: {{path: "{inputs.clip}", loop: true}}}}'
        for name in names
    )
    cold: list[float] = []
    warm: list[float] = []
    with program.serve(f"cameras:\n{cameras}\n") as server, Viewers(server.url) as viewers:
        viewers.open(names[0])  # the first viewer of a server imports what none has needed before
        viewers.close()
        for name in names[1:]:
            time.sleep(SETTLE_S)
            cold.append(viewers.join_ms(name))
            time.sleep(SETTLE_S)
            warm.append(viewers.join_ms(name))
            viewers.close()
    return Findings(
        [
            Finding("offer to first packet, a running camera", tuple(warm), "ms", "", at_most(WARM_MS)),
            Finding("offer to first packet, a camera that starts", tuple(cold), "ms", "", at_most(COLD_MS)),
        ]
    )
