"""How often each limit has refused something."""

from __future__ import annotations

from collections.abc import Mapping

COUNTED = (
    "bodies",
    "bodies_per_address",
    "body_bytes",
    "body_idle_s",
    "body_total_s",
    "connections",
    "connections_per_address",
    "viewers",
    "viewers_per_address",
    "viewers_per_camera",
    "pending_offers",
)
"""The limits whose refusals are counted: those on all clients together. What is wrong with one request is not."""


class Refusals:
    """The refusals of each limit since the program started. Use it in the event loop."""

    def __init__(self) -> None:
        self._counts = dict.fromkeys(COUNTED, 0)

    def add(self, limit: str) -> None:
        """Count a refusal.

        Raises:
            KeyError: The limit is not counted.
        """
        self._counts[limit] += 1

    @property
    def counts(self) -> Mapping[str, int]:
        """The number of refusals by limit."""
        return dict(self._counts)
