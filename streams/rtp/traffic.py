"""What has left over RTP: the counts of one stream, or of several together."""

from __future__ import annotations

from typing import NamedTuple


class Traffic(NamedTuple):
    """Counts of RTP.

    Attributes:
        packets: Packets sent, those that were sent again not counted.
        size: Bytes of their payloads.
        missed: Packets that receivers have missed (NACK).
        repeated: Packets sent again.
        dropped: Pictures dropped because a socket was full.
    """

    packets: int = 0
    size: int = 0
    missed: int = 0
    repeated: int = 0
    dropped: int = 0

    def plus(self, other: Traffic) -> Traffic:
        """Return both together."""
        return Traffic(*map(sum, zip(self, other, strict=True)))
