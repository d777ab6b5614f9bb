"""A viewer of Janus: janus_viewer.py API MOUNTPOINT NUMBER. Prints for each frame the events inside, as a JSON list."""

import asyncio
import json
import sys

from aiortc import MediaStreamTrack, RTCConfiguration, RTCPeerConnection

from benchmarks.measuring.viewer_process import Janus, adapt_dtls
from cameras import read_event


async def main(api: str, mountpoint: str, number: int) -> None:
    adapt_dtls("")
    viewer = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    tracks = asyncio.Queue[MediaStreamTrack]()
    viewer.on("track", tracks.put_nowait)
    await Janus(api).connect(viewer, mountpoint)
    track = await tracks.get()
    for _ in range(number):
        frame = await track.recv()
        contents = [bytes(each) for each in getattr(frame, "side_data") if each.type.name == "SEI_UNREGISTERED"]  # noqa: B009
        print(json.dumps([event for content in contents if (event := read_event(content)) is not None]), flush=True)
    await viewer.close()


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
