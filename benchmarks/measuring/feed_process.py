"""The process of `Feed`: plays a clip in real time and for ever, as RTP to one address and as RTSP to who connects.

All get the same RTP packets. It prints the port of RTSP when it listens.
"""

from __future__ import annotations

import argparse
import asyncio
import base64
import contextlib
import itertools
import socket
import struct
import time
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path

import av

from .clips import RATE

PAYLOAD_TYPE = 96
_CLOCK_RATE = 90_000
RTCP_TYPES = range(200, 205)
_MOST_UNSENT = 1 << 20
"""Bytes after which a client that does not read is left behind."""


class Packets:
    """A file that gets RTP and RTCP packets from FFmpeg's packetiser, one with each write."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep a packet."""
        self.taken.append(bytes(data))
        return len(data)


def frames_of(clip: Path) -> list[bytes]:
    """Return the frames of a raw H.264 file, each in Annex B form."""
    with av.open(str(clip)) as container:
        return [bytes(packet) for packet in container.demux(video=0) if packet.size]


def played(clip: Path) -> Iterator[list[bytes]]:
    """Yield the RTP and RTCP packets of each frame of a raw H.264 file, over and over.

    Each is made when it is asked for, so that sender reports have the present time.
    """
    packets, frames = Packets(), frames_of(clip)
    with (
        av.open(packets, "w", format="rtp", options={"packetsize": "1200"}) as output,
        av.open(str(clip)) as container,
    ):
        stream = output.add_stream_from_template(container.streams.video[0])
        for number, data in enumerate(itertools.cycle(frames)):
            packet = av.Packet(data)
            packet.stream, packet.time_base = stream, Fraction(1, RATE)
            packet.pts = packet.dts = number
            output.mux(packet)
            yield packets.taken
            packets.taken = []


def parameter_sets(frame: bytes) -> tuple[bytes, bytes]:
    """Return the sequence and the picture parameter set of a key frame in Annex B form."""
    units = [unit.rstrip(b"\0") for unit in frame.split(b"\0\0\1") if unit]
    kinds = {unit[0] & 31: unit for unit in units if unit}
    return kinds[7], kinds[8]


def description(clip: Path) -> str:
    """Return the SDP of a raw H.264 file."""
    sets = parameter_sets(frames_of(clip)[0])
    return "\r\n".join(
        [
            "v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=feed", "t=0 0", f"m=video 0 RTP/AVP {PAYLOAD_TYPE}",
            f"a=rtpmap:{PAYLOAD_TYPE} H264/{_CLOCK_RATE}",
            f"a=fmtp:{PAYLOAD_TYPE} packetization-mode=1;profile-level-id={sets[0][1:4].hex()};"
            f"sprop-parameter-sets={','.join(base64.b64encode(each).decode() for each in sets)}",
            "a=control:video", "",
        ]
    )  # fmt: skip


class Rtsp:
    """An RTSP server for one stream, over TCP only (RFC 2326, 10.12).

    Args:
        sdp: The description of the stream.
    """

    def __init__(self, sdp: str) -> None:
        self._sdp = sdp
        self._playing: set[asyncio.StreamWriter] = set()

    async def answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Answer the requests of a client until it goes."""
        with contextlib.suppress(asyncio.IncompleteReadError, ConnectionError):
            while True:
                if (first := await reader.readexactly(1)) == b"$":  # a report of the receiver
                    _, size = struct.unpack(">BH", await reader.readexactly(3))
                    await reader.readexactly(size)
                    continue
                head = (first + await reader.readuntil(b"\r\n\r\n")).decode()
                method, url, _ = head.split(" ", 2)
                fields = {
                    key.lower(): value for key, value in (line.split(": ", 1) for line in head.split("\r\n")[1:-2])
                }
                more, body = "", ""
                if method == "OPTIONS":
                    more = "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n"
                elif method == "DESCRIBE":
                    more, body = f"Content-Type: application/sdp\r\nContent-Base: {url}/\r\n", self._sdp
                elif method == "SETUP":
                    more = f"Transport: {fields['transport']}\r\nSession: 1\r\n"
                more += f"Content-Length: {len(body)}\r\n"
                writer.write(f"RTSP/1.0 200 OK\r\nCSeq: {fields['cseq']}\r\n{more}\r\n{body}".encode())
                if method == "PLAY":
                    self._playing.add(writer)
        self._playing.discard(writer)
        writer.close()

    def send(self, packets: list[bytes]) -> None:
        """Send RTP packets on the first channel and RTCP packets on the second one."""
        data = b"".join(struct.pack(">cBH", b"$", packet[1] in RTCP_TYPES, len(packet)) + packet for packet in packets)
        for writer in list(self._playing):
            if writer.transport.get_write_buffer_size() > _MOST_UNSENT:
                writer.transport.abort()
            else:
                writer.write(data)


async def main() -> None:
    """Play until the process is ended."""
    parser = argparse.ArgumentParser()
    parser.add_argument("clip", type=Path)
    parser.add_argument("--rtp-port", type=int, help="of 127.0.0.1")
    options = parser.parse_args()
    rtsp = Rtsp(description(options.clip))
    server = await asyncio.start_server(rtsp.answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    rtp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    began_s = time.monotonic()
    for number, packets in enumerate(played(options.clip)):
        await asyncio.sleep(max(began_s + number / RATE - time.monotonic(), 0))
        rtsp.send(packets)
        if options.rtp_port is not None:
            for packet in packets:
                if packet[1] not in RTCP_TYPES:
                    rtp.sendto(packet, ("127.0.0.1", options.rtp_port))


if __name__ == "__main__":
    asyncio.run(main())
