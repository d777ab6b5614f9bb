"""Files and cameras that would make the program open others: files beside them, addresses inside the network, ports."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from tests.cameras.servers import Answer, replying, request_of, server
from tests.cameras.videos import numbered, write_video
from tests.serving import Serving

WITHIN_S = 30.0
PLAYLIST = "#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST\n"
HLS = "application/vnd.apple.mpegurl"
SDP = (
    "v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nc=IN IP4 127.0.0.1\r\nt=0 0\r\nm=video 45678 RTP/AVP 96\r\n"
    "a=rtpmap:96 H264/90000\r\n"
)
ELSEWHERE = "the host leads to another address in a private network, which is not followed: set that one as url"
NO_FORMAT = "the host answers, but with a format that is not supported"
NO_FILE = "is a playlist or has another format that is not supported; a video_file plays one file"


def redirecting(address: str) -> Answer:
    def answer(connection: socket.socket, done: threading.Event) -> None:
        request_of(connection)
        head = f"HTTP/1.1 302 Found\r\nLocation: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())

    return answer


def udp_sockets(process: int) -> set[str]:
    """Return the UDP sockets of a process, as the system numbers them."""
    lines = "".join(Path(f"/proc/net/{table}").read_text() for table in ("udp", "udp6")).splitlines()
    known = {line.split()[9] for line in lines}
    names = (os.readlink(entry) for entry in Path(f"/proc/{process}/fd").iterdir() if os.path.lexists(entry))
    return {name[8:-1] for name in names if name.startswith("socket:")} & known


def test_an_input_leads_to_no_other_file_address_or_port(tmp_path: Path) -> None:
    write_video(tmp_path / "neighbour.ts", [numbered(3)] * 5, format="mpegts")
    (tmp_path / "list.mp4").write_text("ffconcat version 1.0\nfile neighbour.ts\n")
    (tmp_path / "list.m3u8").write_text(PLAYLIST.format(address="neighbour.ts"))
    requests: list[bytes] = []

    def internal(connection: socket.socket, done: threading.Event) -> None:
        requests.append(request_of(connection))

    with ExitStack() as stack:
        secret = f"http://{stack.enter_context(server(internal)).partition('@')[2]}/secret.ts"
        answers = {
            "redirect": (redirecting(secret), ELSEWHERE),
            "playlist": (replying("200 OK", PLAYLIST.format(address=secret).encode(), HLS), ELSEWHERE),
            "sdp": (replying("200 OK", SDP.encode(), "application/sdp"), NO_FORMAT),
        }
        cameras = {
            name: f"stream, attributes: {{url: 'http://{stack.enter_context(server(answer))}/live.m3u8'}}"
            for name, (answer, _) in answers.items()
        }
        cameras |= {
            "concat": "video_file, attributes: {path: list.mp4}",
            "m3u8": "video_file, attributes: {path: list.m3u8}",
        }
        errors = {**{name: error for name, (_, error) in answers.items()}, "concat": NO_FILE, "m3u8": NO_FILE}
        lines = [f"  - {{name: {name}, preload: true, model: {rest}}}" for name, rest in cameras.items()]
        (tmp_path / "c.yaml").write_text("\n".join(["cameras:", *lines, ""]))
        running = stack.enter_context(Serving("c.yaml", cwd=tmp_path))
        deadline_s = time.monotonic() + WITHIN_S
        while not all(status["error"] for status in running.client.get("/api/cameras").json()):
            assert time.monotonic() < deadline_s
        for status in running.client.get("/api/cameras").json():
            assert status["error"].endswith(errors[status["name"]])
            assert status["counters"]["decoded"] == 0
        assert udp_sockets(running.process.pid) == set()
        assert requests == []
