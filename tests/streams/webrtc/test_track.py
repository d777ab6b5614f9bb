from __future__ import annotations

import asyncio
from fractions import Fraction
from typing import cast

import av
import pytest
from aiortc.mediastreams import MediaStreamError

from streams.encoding.codecs import VideoPacket
from streams.webrtc.track import MAX_QUEUED, PacketTrack

pytestmark = pytest.mark.anyio


def packet(number: int, *, key: bool = False) -> VideoPacket:
    made = cast(VideoPacket, av.Packet(b"\0\0\0\1\x41data"))
    made.pts, made.time_base, made.is_keyframe = number, Fraction(1, 90_000), key
    return made


async def drained(track: PacketTrack, number: int) -> list[int | None]:
    return [(await track.recv()).pts for _ in range(number)]


async def test_a_full_queue_is_dropped_and_push_returns_false() -> None:
    track = PacketTrack()
    for number in range(MAX_QUEUED):
        assert track.push([packet(number, key=number == 0)])
    assert not track.push([packet(100)])
    assert track.dropped == MAX_QUEUED
    assert track.push([packet(102, key=True)])
    assert track.push([packet(103)])
    assert await drained(track, 2) == [102, 103]


async def test_a_key_frame_that_finds_the_queue_full_needs_no_other() -> None:
    track = PacketTrack()
    for number in range(MAX_QUEUED):
        track.push([packet(number, key=number == 0)])
    assert track.push([packet(50, key=True)])
    assert await drained(track, 1) == [50]


async def test_the_end_of_the_camera_ends_the_track() -> None:
    track = PacketTrack()
    waiting = asyncio.create_task(track.recv())
    await asyncio.sleep(0)
    track.end()
    with pytest.raises(MediaStreamError):
        await waiting


async def test_recv_waits_for_a_packet_and_raises_on_stop() -> None:
    track = PacketTrack()
    waiting = asyncio.create_task(track.recv())
    await asyncio.sleep(0)
    track.push([packet(7, key=True)])
    assert (await waiting).pts == 7
    waiting = asyncio.create_task(track.recv())
    await asyncio.sleep(0)
    track.stop()
    with pytest.raises(MediaStreamError):
        await waiting
    track.push([packet(8, key=True)])
    with pytest.raises(MediaStreamError):
        await track.recv()


async def test_sent_bytes_are_counted() -> None:
    track = PacketTrack()
    track.push([packet(0, key=True)])
    await track.recv()
    assert track.sent.bits_per_second == 9 * 8 / 2
