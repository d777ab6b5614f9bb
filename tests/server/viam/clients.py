"""Viam's own clients, connected to a served port."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import Any

import pytest
from grpclib import GRPCError, Status
from grpclib.client import Channel, Stream, UnaryUnaryMethod
from grpclib.const import Cardinality
from viam.components.camera.client import CameraClient
from viam.proto.service.vision import Classification, Detection, GetClassificationsRequest, GetDetectionsRequest
from viam.robot.client import RobotClient
from viam.rpc.dial import DialOptions
from viam.services.vision import VisionClient

from server.core import frames
from server.viam.camera import GET_IMAGE
from server.viam.messages import GetImageRequest, GetImageResponse

from ..served import CAMERAS, Served


class Clients:
    """One connection, with clients for cameras and services, whether they exist or not."""

    def __init__(self, channel: Channel) -> None:
        self.channel = channel

    def camera(self, name: str) -> CameraClient:
        return CameraClient(name, self.channel)

    def vision(self, name: str) -> VisionClient:
        return VisionClient(name, self.channel)

    async def classify(self, name: str, data: bytes, mime_type: str = "image/jpeg") -> list[Classification]:
        """Send bytes that the package would not send."""
        request = GetClassificationsRequest(name=name, image=data, width=1, height=2, mime_type=mime_type, n=1)
        return list((await self.vision(name).client.GetClassifications(request)).classifications)

    async def detect(self, name: str, data: bytes) -> list[Detection]:
        """Send bytes that the package would not send."""
        request = GetDetectionsRequest(name=name, image=data, mime_type="image/jpeg")
        return list((await self.vision(name).client.GetDetections(request)).detections)

    async def get_image(self, name: str, mime_type: str = "") -> Any:
        """Call GetImage, as clients did until January 2026."""
        method = UnaryUnaryMethod[Any, Any](self.channel, GET_IMAGE, GetImageRequest, GetImageResponse)
        return await method(GetImageRequest(name=name, mime_type=mime_type))

    async def send(self, data: bytes, *, end: bool = True) -> None:
        """Send any bytes to GetImage, and wait for the reply."""
        unary = Cardinality.UNARY_UNARY
        opened: Stream[Any, Any] = self.channel.request(GET_IMAGE, unary, GetImageRequest, GetImageResponse)
        async with opened as stream:
            await stream.send_request()
            await stream._stream.send_data(data, end_stream=end)
            stream._end_done = end
            await stream.recv_message()


Ask = Callable[[Clients], Awaitable[Any]]


def port_of(served: Served) -> int:
    """Return the port for Viam's clients."""
    (listener,) = served.running.listeners
    return listener.port


@asynccontextmanager
async def connected(port: int) -> AsyncIterator[RobotClient]:
    """Connect without Viam's cloud, as the vendor's documentation shows."""
    dial = DialOptions(insecure=True, disable_webrtc=True)
    robot = await RobotClient.at_address(f"localhost:{port}", RobotClient.Options(dial_options=dial))
    try:
        yield robot
    finally:
        await robot.close()  # type: ignore[no-untyped-call]


@asynccontextmanager
async def clients(served: Served) -> AsyncIterator[Clients]:
    """Open a connection without fetching the list of resources."""
    channel = Channel("127.0.0.1", port_of(served))
    try:
        yield Clients(channel)
    finally:
        channel.close()


def asked(served: Served, ask: Ask) -> Any:
    """Return the result of one call on a new connection."""

    async def main() -> Any:
        async with clients(served) as there:
            return await ask(there)

    return asyncio.run(main())


def refused(served: Served, ask: Ask) -> tuple[Status, str]:
    """Return status and message of the error that a call gets."""
    with pytest.raises(GRPCError) as raised:
        asked(served, ask)
    assert raised.value.message is not None
    assert ".py" not in raised.value.message
    return raised.value.status, raised.value.message


TEXT = (
    CAMERAS
    + """
  - name: lens
    model: transform
    attributes:
      source: still
      pipeline: [{type: identity}]
      intrinsic_parameters: {width_px: 64, height_px: 48, fx: 50, fy: 51, ppx: 32, ppy: 24}
      distortion_parameters: {rk1: 0.1, tp2: 0.2}
server: {viam: {port: 0}}
"""
)


class Held:
    """Replaces the wait for a frame: it blocks until the test releases it, then fails."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.began, self.ended = threading.Event(), threading.Event()
        monkeypatch.setattr(frames, "snapshot", self._snapshot)

    def _snapshot(self, *arguments: object) -> None:
        self.began.set()
        assert self.ended.wait(30)
        raise TimeoutError
