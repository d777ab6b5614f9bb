"""A script: the least that streams a camera to a browser with aiortc and x264, for `latency` to stand beside.

One task takes a picture, encodes it with the settings of camweave, and gives the packet to aiortc. Each line of stdin
is an offer as JSON, for which a line with the answer comes; the viewer before it is gone then.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time
from fractions import Fraction
from typing import Any

import aioice.ice
import av
import cv2
import numpy as np
from aiortc import RTCConfiguration, RTCPeerConnection, RTCRtpSender, RTCSessionDescription, VideoStreamTrack

from benchmarks.measuring.stamped import HEIGHT_PX, RATE, WIDTH_PX, Stamped
from streams.encoding.codecs import (
    CLOCK_RATE,
    KEY_FRAME_INTERVAL_S,
    EncoderSettings,
    default_bitrate,
    default_preset,
    open_codec,
)


class Encoded(VideoStreamTrack):
    """The pictures of a camera, encoded for one viewer."""

    def __init__(self, camera: Stamped) -> None:
        super().__init__()
        self._camera = camera
        self._codec = open_codec(
            EncoderSettings(
                "h264",
                WIDTH_PX,
                HEIGHT_PX,
                RATE,
                default_bitrate(WIDTH_PX, HEIGHT_PX, RATE),
                KEY_FRAME_INTERVAL_S,
                default_preset(WIDTH_PX, HEIGHT_PX),
            )
        )

    async def recv(self) -> Any:
        """Wait for the next picture and return it encoded."""
        await asyncio.sleep(max(self._camera.wait_s(), 0))
        planes = np.asarray(cv2.cvtColor(self._camera.take(), cv2.COLOR_BGR2YUV_I420), np.uint8)
        picture = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        picture.pts, picture.time_base = round(time.monotonic() * CLOCK_RATE), Fraction(1, CLOCK_RATE)
        (packet,) = self._codec.encode(picture)
        return packet


async def answered(camera: Stamped, offer: str) -> tuple[RTCPeerConnection, str]:
    """Stream to the viewer that makes this offer, and return the answer."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    transceiver = connection.addTransceiver(Encoded(camera), "sendonly")
    capabilities = RTCRtpSender.getCapabilities("video").codecs
    transceiver.setCodecPreferences([each for each in capabilities if each.mimeType in ("video/H264", "video/rtx")])
    await connection.setRemoteDescription(RTCSessionDescription(offer, "offer"))
    await connection.setLocalDescription(await connection.createAnswer())
    return connection, connection.localDescription.sdp


async def main() -> None:
    """Answer offers until stdin ends."""
    setattr(aioice.ice, "get_host_addresses", lambda use_ipv4, use_ipv6: ["127.0.0.1"])  # noqa: B010
    camera, connection = Stamped(), None
    while line := await asyncio.to_thread(sys.stdin.readline):
        if connection is not None:
            await connection.close()
        connection, answer = await answered(camera, json.loads(line))
        print(json.dumps(answer), flush=True)
    if connection is not None:
        await connection.close()


if __name__ == "__main__":
    asyncio.run(main())
