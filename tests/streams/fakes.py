"""Feeds with frames from the test, viewers over loopback, and pictures of one colour."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any, cast

import numpy as np
from aiortc import (
    RTCCertificate,
    RTCConfiguration,
    RTCPeerConnection,
    RTCRtpReceiver,
    RTCSessionDescription,
)
from av import VideoFrame

from cameras import Frame, Mark, Matrix, Pixels, yuv_from_rgb
from pipeline import CameraConfig, Config, Feed, StreamConfig, SystemClock, WorkerExecutor
from pipeline.producers.source import Source
from streams import EncoderPool
from streams.webrtc.ice import IceSettings, restrict
from tests.fakes import FakeCamera, FakeClock, NoAttributes

GREEN = (0, 255, 0)


def picture(
    number: int = 0,
    *,
    rgb: tuple[int, int, int] = GREEN,
    matrix: Matrix | None = None,
    width: int = 160,
    height: int = 120,
    frame_rate: int = 30,
) -> Frame:
    """Return a frame of one colour; with a matrix it is made from YUV planes."""
    if matrix is None:
        pixels = Pixels.from_bgr(np.full((height, width, 3), rgb[::-1], np.uint8))
    else:
        y, u, v = yuv_from_rgb(*rgb, matrix)
        half = (height // 2, width // 2)
        pixels = Pixels.from_yuv(
            np.full((height, width), y, np.uint8), np.full(half, u, np.uint8), np.full(half, v, np.uint8), matrix
        )
    mark = Mark("captured", time.monotonic())
    return Frame(pixels, number, Fraction(1, frame_rate), time.time(), trace=(mark,))


class FakeGraph:
    """Feeds by name, fed by the test through ``cameras``, and their pool of encoders."""

    def __init__(self, *names: str, stream: StreamConfig | None = None, private: bool = False) -> None:
        self.config = Config({}, {})
        self.clock = FakeClock()
        self.executor = WorkerExecutor(SystemClock())  # as its encoders, which have the real time
        self.cameras: dict[str, FakeCamera] = {}
        self.feeds: dict[str, Feed] = {}
        self.lock = threading.RLock()
        self.pool = EncoderPool()
        for name in names:
            self.feeds[name] = Feed(name, self.clock, self.lock, self.executor)
            self.exchange(name, stream=stream, private=private)

    def exchange(self, name: str, *, stream: StreamConfig | None = None, private: bool = False) -> None:
        """Give a feed a new fake camera as its source."""
        camera = self.cameras[name] = FakeCamera(name)
        config = CameraConfig(name, "test_pattern", NoAttributes(), private=private, stream=stream or StreamConfig())
        feed = self.feeds[name]
        feed.produce(config, Source(name, lambda: camera, self.clock, feed.reports))

    def close(self) -> None:
        """End all encoders and feeds."""
        self.pool.close()
        for feed in self.feeds.values():
            feed.close()


@contextmanager
def fake_graph(*names: str, stream: StreamConfig | None = None, private: bool = False) -> Iterator[FakeGraph]:
    """Yield a graph and close it afterwards."""
    graph = FakeGraph(*(names or ("porch",)), stream=stream, private=private)
    try:
        yield graph
    finally:
        graph.close()


class Feeding:
    """Gives a camera numbered frames at a steady pace, in the event loop, until it is stopped."""

    def __init__(self, camera: FakeCamera, **how: Any) -> None:
        self._camera = camera
        self._how = how
        self._task = asyncio.create_task(self._run())

    async def _run(self) -> None:
        number = 0
        while True:
            self._camera.give(picture(number, **self._how))
            number += 1
            await asyncio.sleep(1 / 60)

    async def stop(self) -> None:
        """Stop giving frames."""
        self._task.cancel()
        await asyncio.gather(self._task, return_exceptions=True)


class LoopbackViewer:
    """A viewer on loopback: an aiortc peer connection in place of a browser's."""

    def __init__(
        self,
        codec: str | None = None,
        certificate: RTCCertificate | None = None,
        *,
        audio: bool = False,
        address: str = "127.0.0.1",
    ) -> None:
        self._address = address
        self.connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
        if certificate is not None:
            setattr(self.connection, "_RTCPeerConnection__certificates", [certificate])  # noqa: B010  # private
        if audio:
            self.connection.addTransceiver("audio", direction="sendrecv")
        transceiver = self.connection.addTransceiver("video", direction="recvonly")
        if codec is not None:
            known = RTCRtpReceiver.getCapabilities("video")
            assert known is not None
            transceiver.setCodecPreferences([c for c in known.codecs if c.name.lower() == codec])
        self.transceiver = transceiver
        self.connected = asyncio.Event()
        self.connection.on("connectionstatechange", self._changed)

    async def offer(self) -> str:
        """Return the offer, with its candidates."""
        for each in self.connection.getTransceivers():
            settings = IceSettings(addresses=(self._address,))
            restrict(each.receiver.transport.transport.iceGatherer._connection, settings)
        await self.connection.setLocalDescription(await self.connection.createOffer())
        return self.connection.localDescription.sdp

    async def accept(self, answer: str) -> None:
        """Accept the answer; the connection then comes up by itself."""
        await self.connection.setRemoteDescription(RTCSessionDescription(answer, "answer"))

    async def frame(self) -> VideoFrame:
        """Wait for a picture."""
        async with asyncio.timeout(20):
            return cast(VideoFrame, await self.transceiver.receiver.track.recv())

    async def close(self) -> None:
        """Hang up."""
        await self.connection.close()

    def _changed(self) -> None:
        if self.connection.connectionState == "connected":
            self.connected.set()
