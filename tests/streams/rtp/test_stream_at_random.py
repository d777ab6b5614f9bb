"""What holds for the packets of a viewer whatever pictures, full sockets and requests come, in any order."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from random import Random

import pytest
from aiortc.rtp import RtpPacket

from .test_stream import INTERVAL, SOURCE, Shot, Viewer

pytestmark = pytest.mark.anyio

STEPS = 200


@dataclass(frozen=True)
class Origin:
    """Where a payload comes from; no two are equal."""

    picture: Shot
    place: int

    @property
    def is_last(self) -> bool:
        return self.place == len(self.picture.payloads) - 1


class Life:
    """A viewer's stream to which random things happen."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed)
        self.viewer = Viewer(repeats=self._random.random() < 0.7)
        self.viewer.stream._next = self._random.choice([100, 40_000, 65_400])
        self.origins: dict[bytes, Origin] = {}
        self.sent: list[bytes] = []
        self._needs_key = True
        self._number = 0

    def step(self) -> None:
        """Let one thing happen, or two."""
        chance, viewer = self._random.random(), self.viewer
        if self._random.random() < 0.3:
            viewer.wire.room = self._random.choice([0, 1, 3, 10, 1 << 30, 1 << 30])
        if chance < 0.75:
            self._push()
        elif chance < 0.9:
            some = range(self._random.randint(1, 20))
            viewer.stream.repeat([(viewer.stream._next - self._random.randint(-5, 200)) & 0xFFFF for _ in some])
        elif viewer.stream._timer is not None:
            viewer.stream._begin_burst()  # as if its time had come
        calls, viewer.wire.calls = viewer.wire.calls, []
        self.sent += [packet for call in calls for packet in call]

    def _push(self) -> None:
        is_key = self._random.random() < (0.5 if self._needs_key else 0.1)
        if self._needs_key and not is_key:
            return
        self._number += self._random.choice([1, 1, 1, 2, 0, -3])
        picture = Shot(tuple(self._payloads()), self._number * INTERVAL, is_key)
        self.origins |= {payload: Origin(picture, place) for place, payload in enumerate(picture.payloads)}
        self._needs_key = not self.viewer.stream.push(picture)

    def _payloads(self) -> Iterator[bytes]:
        number, size = self._random.choice([1, 1, 2, 5, 30, 60]), self._random.choice([10, 100, 1178])
        for place in range(number):
            length = size if place < number - 1 else self._random.randint(9, size)
            yield (len(self.origins) + place).to_bytes(8, "big") + bytes(length - 8)


@pytest.mark.parametrize("seed", range(6))
async def test_a_viewer_can_read_everything_that_comes(seed: int) -> None:
    life = Life(seed)
    for _ in range(STEPS):
        life.step()
        await asyncio.sleep(0)
    life.viewer.stream.close()

    # One number never encrypts two messages; without RTX, a repeated packet is the same one.
    once: dict[tuple[bytes, bytes], bytes] = {}
    for sealed in life.sent:
        assert once.setdefault((sealed[8:12], sealed[2:4]), sealed) == sealed
    life.viewer.wire.calls = [list(once.values())]
    packets = life.viewer.received()
    pictures = [packet for packet in packets if packet.ssrc == SOURCE]
    assert len(pictures) > 200 and life.viewer.stream.dropped > 3
    check_order(pictures, life.origins)

    by_number = {packet.sequence_number: packet for packet in pictures}
    for repeated in (packet for packet in packets if packet.ssrc != SOURCE):
        original = by_number[int.from_bytes(repeated.payload[:2], "big")]
        assert repeated.payload[2:] == original.payload
        assert (repeated.timestamp, repeated.marker) == (original.timestamp, original.marker)


def check_order(packets: list[RtpPacket], origins: dict[bytes, Origin]) -> None:
    """Check numbers, times and markers, and that only a key frame follows a picture that is not whole."""
    for packet, following in pairwise(packets):
        this, other = origins[packet.payload], origins[following.payload]
        assert packet.marker == this.is_last
        assert (following.sequence_number - packet.sequence_number) & 0xFFFF == 1
        later = (following.timestamp - packet.timestamp) & 0xFFFFFFFF
        if other.picture is this.picture:
            assert later == 0 and other.place == this.place + 1
        else:
            assert 0 < later < 1 << 31 and other.place == 0
            assert this.is_last or other.picture.is_key_frame
