"""What was sent to those who watch: the counts of one viewer, and of all viewers of a camera together."""

from __future__ import annotations

from collections.abc import Container, Iterable, Mapping
from typing import NamedTuple


class Traffic(NamedTuple):
    """Counts of what was sent.

    Attributes:
        size: Bytes; over RTP those of the payloads.
        skipped: Frames left out because the viewer, or the way to it, was slow.
        packets: RTP packets, those that were sent again not counted.
        missed: RTP packets that the viewer has missed (NACK).
        repeated: RTP packets sent again.
    """

    size: int = 0
    skipped: int = 0
    packets: int = 0
    missed: int = 0
    repeated: int = 0

    def plus(self, other: Traffic) -> Traffic:
        """Return both together."""
        return Traffic(*map(sum, zip(self, other, strict=True)))


class TotalTraffic:
    """What was sent to all viewers of each camera, by kind, also to those who have left: no count decreases."""

    def __init__(self) -> None:
        self._left: dict[tuple[str, str], Traffic] = {}

    def leave(self, camera: str, kind: str, sent: Traffic, cameras: Container[str]) -> None:
        """Keep the counts of a viewer who leaves, and forget cameras that are gone.

        Args:
            camera: The camera.
            kind: The kind of the viewer.
            sent: What the viewer got.
            cameras: The names of all cameras.
        """
        left = {key: each for key, each in self._left.items() if key[0] in cameras}
        left[camera, kind] = left.get((camera, kind), Traffic()).plus(sent)
        self._left = left

    def of(self, camera: str, present: Iterable[tuple[str, Traffic]]) -> Mapping[str, Traffic]:
        """Return the counts of a camera by kind.

        Args:
            camera: The camera.
            present: The kind of each viewer who has not left, and what that one got so far.
        """
        sent = {kind: each for (name, kind), each in self._left.items() if name == camera}
        for kind, each in present:
            sent[kind] = sent.get(kind, Traffic()).plus(each)
        return sent
