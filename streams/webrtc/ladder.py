"""The choice between two rungs for one viewer: the whole picture, or a smaller one where the network is too slow."""

from __future__ import annotations

import math
from dataclasses import dataclass

LOSS_MAX = 0.10
"""Share of packets lost above which a report is bad. Congestion control of WebRTC draws the line there, too."""

RTT_FACTOR = 3.0
RTT_ADDED_S = 0.15
"""A report is bad with a round trip above ``RTT_FACTOR`` times the shortest one plus this: packets queue on the way."""

ESTIMATE_MIN = 0.75
"""A report is bad where the viewer estimates (REMB) less than this share of what is sent."""

BAD_REPORTS = 2
"""Bad reports in a row after which the viewer goes down; they come about once a second."""

SETTLING_S = 2.0
"""After a move, reports are about packets of before."""

ESTIMATE_FROM_S = 6.0
"""The estimate of a viewer who has just come starts low and grows."""

PAUSE_S, PAUSE_MAX_S = 8.0, 120.0
"""How long a viewer stays down before it is tried up again: first, and at most. It doubles with each failed trial."""

TRIAL_S = 20.0
"""A trial has failed when the viewer goes down again within this time."""


@dataclass
class Ladder:
    """Chooses the rung of one viewer by its reports.

    Args:
        now_s: The present time, on a clock that never jumps.

    Attributes:
        is_low: Whether the viewer gets the smaller picture.
    """

    now_s: float
    is_low: bool = False

    def __post_init__(self) -> None:
        self._began_s = self._moved_s = self.now_s
        self._least_rtt_s = math.inf
        self._bad = 0
        self._pause_s = PAUSE_S
        self._bad_at_s = -math.inf

    def report(self, now_s: float, loss: float, rtt_s: float | None, estimate: int | None, rate: int) -> bool:
        """Take a report; return whether the rung changes.

        Args:
            now_s: The present time.
            loss: Share of packets lost since the last report.
            rtt_s: Round-trip time in seconds; ``None`` if unknown.
            estimate: Bits per second that the viewer believes to be possible; ``None`` without an estimate.
            rate: Bits per second that are sent.
        """
        if rtt_s is not None:
            self._least_rtt_s = min(self._least_rtt_s, rtt_s)
        if now_s - self._moved_s < SETTLING_S:
            return False
        is_bad = self._is_bad(now_s, loss, rtt_s, estimate, rate)
        self._bad = self._bad + 1 if is_bad else 0
        if is_bad:
            self._bad_at_s = now_s
        if self.is_low:
            quiet_since_s = max(self._moved_s, self._bad_at_s)
            return now_s - quiet_since_s >= self._pause_s and self._move(now_s)
        return self._bad >= BAD_REPORTS and self._move(now_s)

    def _is_bad(self, now_s: float, loss: float, rtt_s: float | None, estimate: int | None, rate: int) -> bool:
        queues = rtt_s is not None and rtt_s > RTT_FACTOR * self._least_rtt_s + RTT_ADDED_S
        settled = now_s - self._began_s >= ESTIMATE_FROM_S and now_s - self._moved_s >= ESTIMATE_FROM_S
        too_much = estimate is not None and settled and estimate < ESTIMATE_MIN * rate
        return loss > LOSS_MAX or queues or too_much

    def _move(self, now_s: float) -> bool:
        if not self.is_low:
            tried = self._moved_s > self._began_s and now_s - self._moved_s < TRIAL_S
            self._pause_s = min(2 * self._pause_s, PAUSE_MAX_S) if tried else PAUSE_S
        self.is_low = not self.is_low
        self._moved_s, self._bad = now_s, 0
        return True
