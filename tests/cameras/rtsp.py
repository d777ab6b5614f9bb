"""An RTSP camera by hand: each test says what it answers, and which RTP packets it sends when."""

from __future__ import annotations

import contextlib
import socket
import struct
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import av
import numpy as np
from numpy.typing import NDArray

Image = NDArray[np.uint8]
CLOCK = 90_000
SINCE_1900_S = 2_208_988_800  # of the epoch, on the clock of NTP
BASE = 123_456  # FFmpeg takes a clock that starts at 0 for one that is not known yet

H264 = "a=rtpmap:96 H264/90000\r\na=fmtp:96 packetization-mode=1\r\n"
JPEG = "a=rtpmap:96 JPEG/90000\r\n"
HEVC = "a=rtpmap:96 H265/90000\r\n"
MPEG4 = "a=rtpmap:96 MP4V-ES/90000\r\na=fmtp:96 profile-level-id=1\r\n"
VIDEO = "m=video 0 RTP/AVP 96\r\na=control:video\r\n"
SOUND = "m=audio 0 RTP/AVP 0\r\na=rtpmap:0 PCMU/8000\r\na=control:sound\r\n"


class Packets:
    """A file that gets RTP packets from FFmpeg's packetiser, one with each write."""

    def __init__(self) -> None:
        self.taken: list[bytes] = []

    def write(self, data: bytes) -> int:
        """Keep a packet; reports (RTCP) are not kept."""
        if not 200 <= data[1] <= 204:
            self.taken.append(bytes(data))
        return len(data)


def rtp_pictures(
    images: Iterable[Image], *, codec: str = "libx264", rate: int = 25, options: dict[str, str] | None = None
) -> list[list[bytes]]:
    """Return the RTP packets of each picture, in the order of decoding."""
    packets, pictures = Packets(), []
    # RTP leaves out the Huffman tables of JPEG: it allows only the usual ones. Several threads would cut it in slices.
    usual = {"huffman": "default", "threads": "1"} if codec == "mjpeg" else {"bf": "0", "tune": "zerolatency"}
    chosen = {**usual, **({"x264-params": "repeat-headers=1"} if codec == "libx264" else {}), **(options or {})}
    with av.open(packets, "w", format="rtp", options={"packetsize": "1200"}) as output:
        stream: Any = None
        for number, image in enumerate([*images, None]):
            frame = None
            if image is not None:
                if stream is None:
                    stream = output.add_stream(codec, rate=rate, options=chosen)
                    stream.width, stream.height = image.shape[1], image.shape[0]
                    stream.pix_fmt = "yuvj420p" if codec == "mjpeg" else "yuv420p"
                    stream.codec_context.time_base = Fraction(1, rate)
                frame = av.VideoFrame.from_ndarray(image, "bgr24").reformat(format=stream.pix_fmt, threads=1)
                frame.pts, frame.time_base = number, Fraction(1, rate)
            for packet in stream.encode(frame):
                output.mux(packet)
                pictures.append(packets.taken)
                packets.taken = []
    return pictures


@dataclass
class Camera:
    """What the camera answers, and the requests it got.

    Attributes:
        play: Sends packets; called when a client plays.
        sdp: The media of its description.
        answers: Answers by method instead of the usual one: status and headers.
        range: What it says of the length of the recording that it plays.
        requests: Method and head of each request.
    """

    play: Callable[[Sender], None]
    sdp: str = VIDEO + H264
    answers: dict[str, Callable[[str], tuple[str, str]]] = field(default_factory=dict)
    range: str = ""
    requests: list[tuple[str, str]] = field(default_factory=list)

    def __call__(self, connection: socket.socket, done: threading.Event) -> None:
        """Answer a connection, as :data:`Answer`."""
        with contextlib.ExitStack() as ending:
            self._answer(connection, done, ending)

    def _answer(self, connection: socket.socket, done: threading.Event, ending: contextlib.ExitStack) -> None:
        sending = threading.Lock()  # an answer must not come in the middle of a packet
        is_played = False
        for head in requests_on(connection):
            method, url, _ = head.split("\r\n", 1)[0].split(" ", 2)
            self.requests.append((method, head))
            number = next(line for line in head.split("\r\n") if line.lower().startswith("cseq:"))
            status, headers, body = "200 OK", "", ""
            if method in self.answers:
                status, headers = self.answers[method](head)
            if status == "200 OK":
                if method == "OPTIONS":
                    headers += "Public: OPTIONS, DESCRIBE, SETUP, PLAY, TEARDOWN, GET_PARAMETER\r\n"
                elif method == "DESCRIBE":
                    body = f"v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=camera\r\nt=0 0\r\n{self.range}{self.sdp}"
                    headers += f"Content-Type: application/sdp\r\nContent-Base: {url}/\r\n"
                elif method == "SETUP":
                    wanted = next(line for line in head.split("\r\n") if line.lower().startswith("transport:"))
                    headers += f"{wanted}\r\nSession: 1;timeout=60\r\n"
                elif method == "PLAY":
                    headers += "Session: 1\r\n"
            reply = f"RTSP/1.0 {status}\r\n{number}\r\n{headers}Content-Length: {len(body)}\r\n\r\n{body}"
            with sending:
                connection.sendall(reply.encode())
            if method == "PLAY" and status == "200 OK" and not is_played:
                is_played = True
                sender = Sender(connection, sending, done)
                player = threading.Thread(target=self._play, args=(sender,))
                player.start()
                ending.callback(player.join)
                ending.callback(sender.gone.set)  # the callbacks are called in reverse
            if method == "TEARDOWN":
                break

    def _play(self, sender: Sender) -> None:
        with contextlib.suppress(OSError):
            self.play(sender)


class Sender:
    """Sends pictures over the connection of a client.

    Attributes:
        gone: Set when the client has gone, or the test is over.
    """

    def __init__(self, connection: socket.socket, sending: threading.Lock, done: threading.Event) -> None:
        self.gone = threading.Event()
        self._connection = connection
        self._sending = sending
        self._done = done
        self._number = 0

    def send(self, packets: Sequence[bytes], time_s: float, *, channel: int = 0) -> None:
        """Send the packets of a picture, with its time on the RTP clock."""
        for packet in packets:
            head = bytearray(packet[:12])
            head[1] = head[1] & 0x80 | 96
            head[2:8] = struct.pack(">HI", self._number & 0xFFFF, round(BASE + time_s * CLOCK) & 0xFFFFFFFF)
            self._number += 1
            whole = bytes(head) + packet[12:]
            self._send(channel, whole)

    def lose(self, packets: Sequence[bytes]) -> None:
        """Count packets as sent."""
        self._number += len(packets)

    def sound(self, time_s: float, *, channel: int = 2) -> None:
        """Send 20 ms of silence."""
        head = struct.pack(">BBHII", 0x80, 0, round(time_s * 50) & 0xFFFF, round(time_s * 8000) & 0xFFFFFFFF, 2)
        self._send(channel, head + b"\xff" * 160)

    def report(self, captured_at: float, time_s: float, *, channel: int = 1) -> None:
        """Send a sender report (RTCP): the camera's clock, in seconds since the epoch, at a time on the RTP clock."""
        ntp = round((captured_at + SINCE_1900_S) * 2**32)
        stamp = round(BASE + time_s * CLOCK) & 0xFFFFFFFF
        self._send(channel, struct.pack(">BBHIQIII", 0x80, 200, 6, 1, ntp, stamp, 0, 0))

    def _send(self, channel: int, packet: bytes) -> None:
        with self._sending:
            self._connection.sendall(struct.pack(">cBH", b"$", channel, len(packet)) + packet)

    def wait(self, seconds: float) -> bool:
        """Wait; return whether the client is gone or the test is over."""
        return self.gone.wait(seconds) or self._done.is_set()

    def end(self) -> None:
        """Close the connection."""
        self._connection.shutdown(socket.SHUT_RDWR)


def requests_on(connection: socket.socket) -> Iterator[str]:
    """Yield the head of each request on a connection, without reports of the receiver."""
    data = b""
    while True:
        while True:
            if data[:1] == b"$" and len(data) >= 4 and len(data) >= 4 + int.from_bytes(data[2:4], "big"):
                data = data[4 + int.from_bytes(data[2:4], "big") :]
            elif data[:1] != b"$" and b"\r\n\r\n" in data:
                break
            else:
                part = connection.recv(4096)
                if not part:
                    return
                data += part
        head, _, data = data.partition(b"\r\n\r\n")
        yield head.decode()


def pictures_at(pictures: Sequence[list[bytes]], rate: float, *, times: Sequence[float] | None = None) -> Any:
    """Return a player that sends pictures at a rate, and then waits."""

    def play(sender: Sender) -> None:
        for number, packets in enumerate(pictures):
            sender.send(packets, number / rate if times is None else times[number])
            if sender.wait(1 / rate):
                return
        sender.wait(30)

    return play
