"""Sockets that fail, are full, or of IPv6: one viewer's never harm another's, and what can be sent is not lost."""

from __future__ import annotations

import errno
import socket
from contextlib import AsyncExitStack, closing
from functools import partial
from itertools import groupby
from typing import Any, cast

import pytest

from pipeline import ServerConfig, StreamConfig
from streams.rtp import Path, SocketPath
from streams.webrtc import internals
from tests.streams.fakes import FakeGraph, LoopbackViewer

from .test_sender_on_the_wire import Observed, frames
from .test_whep import serving

pytestmark = pytest.mark.anyio


class Faulty:
    """A UDP socket whose calls fail when the test says so; segmentation with one error, everything as a full one."""

    def __init__(self, udp: socket.socket) -> None:
        self._udp = udp
        self.error = 0
        self.full = False
        self.calls = {"sendmsg": 0, "sendto": 0}

    def sendmsg(self, *arguments: Any) -> int:
        self.calls["sendmsg"] += 1
        self._fail()
        if self.error:
            raise OSError(self.error, "no segmentation")
        return self._udp.sendmsg(*arguments)

    def sendto(self, *arguments: Any) -> int:
        self.calls["sendto"] += 1
        self._fail()
        return self._udp.sendto(*arguments)

    def _fail(self) -> None:
        if self.full:
            raise BlockingIOError


class Network:
    """Two viewers of one camera: every socket towards them can fail."""

    def __init__(self, graph: FakeGraph, monkeypatch: pytest.MonkeyPatch) -> None:
        self.graph = graph
        self.sockets: list[Faulty] = []
        self.observed: list[Observed] = []
        self.paths: list[SocketPath] = []
        self._frames = frames()
        monkeypatch.setattr(internals, "SocketPath", self._path)

    async def give(self, *watching: int) -> None:
        """Give the camera a frame, and wait until it has reached these viewers."""
        wanted = [self.observed[viewer].markers + 1 for viewer in watching]
        self.graph.cameras["porch"].give(next(self._frames))
        for viewer, count in zip(watching, wanted, strict=True):
            await self.observed[viewer].until(partial(self.observed[viewer].has_frames, count))

    def _path(self, udp: socket.socket, address: tuple[Any, ...]) -> Path:
        faulty = Faulty(udp)
        self.sockets.append(faulty)
        self.paths.append(SocketPath(cast(socket.socket, faulty), address))
        return self.paths[-1]


async def network(stack: AsyncExitStack, monkeypatch: pytest.MonkeyPatch) -> Network:
    """Return a network whose viewers see the camera."""
    stream = StreamConfig(codecs=("h264",), bitrate=20_000_000)
    streams, graph = await stack.enter_async_context(serving("porch", stream=stream))
    made = Network(graph, monkeypatch)
    for number in range(2):
        viewer = LoopbackViewer()
        stack.push_async_callback(viewer.close)
        made.observed.append(Observed(viewer))
        await viewer.accept((await streams.offer("porch", await viewer.offer())).sdp)
        await viewer.connected.wait()
        await made.give(*range(number + 1))
    return made


def numbers(observed: Observed) -> list[int]:
    """Return the sequence numbers of a viewer's packets from its first one on."""
    return [(packet.sequence - observed.packets[0].sequence) & 0xFFFF for packet in observed.packets]


@pytest.mark.parametrize("error", [errno.EIO, errno.EINVAL])
async def test_a_viewer_without_segmentation_loses_nothing(error: int, monkeypatch: pytest.MonkeyPatch) -> None:
    async with AsyncExitStack() as stack:
        net = await network(stack, monkeypatch)
        first, second = net.sockets
        first.error = error
        for _ in range(24):
            await net.give(0, 1)
        assert [path.segments for path in net.paths] == [False, True]
        asked = first.calls["sendmsg"]
        await net.give(0, 1)
        assert first.calls["sendmsg"] == asked
        assert second.calls["sendmsg"] > asked
        for observed in net.observed:
            assert numbers(observed) == list(range(len(observed.packets)))
        one, other = ([packet.payload for packet in observed.packets[-100:]] for observed in net.observed)
        assert one == other and len(one) == 100


async def test_a_viewer_with_a_full_socket_goes_on_with_a_key_frame(monkeypatch: pytest.MonkeyPatch) -> None:
    async with AsyncExitStack() as stack:
        net = await network(stack, monkeypatch)
        for _ in range(5):
            await net.give(0, 1)
        before, seen = len(net.observed[0].packets), net.observed[0].markers
        net.sockets[0].full = True
        for _ in range(10):
            await net.give(1)
        assert len(net.observed[0].packets) == before
        net.sockets[0].full = False
        while net.observed[0].markers == seen:
            await net.give(1)
        await net.give(0, 1)
        for observed in net.observed:
            assert numbers(observed) == list(range(len(observed.packets)))
        pictures = [list(each) for _, each in groupby(net.observed[0].packets[before:], lambda each: each.timestamp)]
        # Parameter sets come before key frames only.
        assert pictures[0][0].payload[0] & 31 == 24 and pictures[0][0].payload[3] & 31 == 7
        assert len({each.timestamp for each in net.observed[1].packets}) >= 17


async def test_a_viewer_over_ipv6_gets_every_packet_in_few_calls() -> None:
    config = ServerConfig.model_validate({"host": "::1", "ice": {"addresses": ["::1"]}})
    async with serving("porch", config=config) as (streams, graph):
        viewer = LoopbackViewer(address="::1")
        observed = Observed(viewer)
        answer = await streams.offer("porch", await viewer.offer())
        await viewer.accept(answer.sdp)
        await viewer.connected.wait()
        for count, frame in zip(range(1, 20), frames(), strict=False):
            graph.cameras["porch"].give(frame)
            await observed.until(partial(observed.has_frames, count))
        assert numbers(observed) == list(range(len(observed.packets)))
        stream = streams._sessions[answer.secret]._sender._stream
        path = None if stream is None else stream._path()
        assert isinstance(path, SocketPath) and path.segments and path.address[0] == "::1"
        await viewer.close()


async def test_a_path_that_is_gone_harms_nobody_else(monkeypatch: pytest.MonkeyPatch) -> None:
    async with AsyncExitStack() as stack:
        net = await network(stack, monkeypatch)
        with closing(socket.socket(socket.AF_INET, socket.SOCK_DGRAM)) as closed:
            net.sockets[0]._udp = closed
        for _ in range(5):
            await net.give(1)
        assert numbers(net.observed[1]) == list(range(len(net.observed[1].packets)))
