"""Receive a camera's live stream and print a line for each frame. Needs aiortc, which camweave installs.

usage: python examples/watch.py [CAMERA] [--frames 30] [--camweave http://127.0.0.1:8080]

With tokens, set CAMWEAVE_TOKEN.
"""

from __future__ import annotations

import argparse
import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import aclosing
from urllib.parse import urljoin
from urllib.request import Request, urlopen

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection, RTCSessionDescription
from av import VideoFrame


async def frames(camweave: str, camera: str, token: str | None = None) -> AsyncGenerator[VideoFrame, None]:
    """Yield the frames of a camera, decoded. Closing the generator ends the session.

    Args:
        camweave: The server's address, such as ``http://127.0.0.1:8080``.
        camera: The name of the camera.
        token: One of the server's tokens, if it has any.
    """
    headers = {} if token is None else {"Authorization": f"Bearer {token}"}
    peer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    tracks: asyncio.Queue[MediaStreamTrack] = asyncio.Queue()
    peer.on("track", tracks.put_nowait)
    session = None
    try:
        peer.addTransceiver("video", direction="recvonly")
        await peer.setLocalDescription(await peer.createOffer())
        offer = Request(
            f"{camweave}/whep/{camera}",
            peer.localDescription.sdp.encode(),
            {**headers, "Content-Type": "application/sdp"},
        )
        location, answer = await asyncio.to_thread(_post, offer)
        session = Request(urljoin(f"{camweave}/", location), headers=headers, method="DELETE")
        await peer.setRemoteDescription(RTCSessionDescription(answer, "answer"))
        track = await tracks.get()
        while True:
            frame = await track.recv()
            assert isinstance(frame, VideoFrame)
            yield frame
    finally:
        if session is not None:
            await asyncio.to_thread(lambda: urlopen(session, timeout=10).close())
        await peer.close()


def _post(offer: Request) -> tuple[str, str]:
    with urlopen(offer, timeout=30) as response:
        return response.headers["Location"], response.read().decode()


async def main() -> None:
    """Print number, time and size of each frame."""
    parser = argparse.ArgumentParser(description="Print a line for each frame of a camera's live stream.")
    parser.add_argument("camera", nargs="?", default="scene-detected")
    parser.add_argument("--frames", type=int, default=30)
    parser.add_argument("--camweave", default="http://127.0.0.1:8080")
    arguments = parser.parse_args()
    received = frames(arguments.camweave.rstrip("/"), arguments.camera, os.environ.get("CAMWEAVE_TOKEN"))
    async with aclosing(received):
        for number in range(arguments.frames):
            frame = await anext(received)
            image = frame.to_ndarray(format="bgr24")  # (height, width, 3), uint8
            print(number, f"{frame.time:.3f} s", image.shape, f"mean {image.mean():.0f}")


if __name__ == "__main__":
    asyncio.run(main())
