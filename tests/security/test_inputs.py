"""Files and cameras that would make the program open others: files beside them, addresses inside the network, ports."""

from __future__ import annotations

import os
import socket
import threading
import time
from contextlib import ExitStack
from pathlib import Path

from tests.cameras.rtsp import Camera
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
NOT_RTSP = "the host leads to an address that is not RTSP"
NO_FORMAT = "the host answers, but with a format that is not supported"
NO_FILE = "is a playlist or has another format that is not supported; a video_file plays one file"


def redirecting(address: str) -> Answer:
    def answer(connection: socket.socket, done: threading.Event) -> None:
        request_of(connection)
        head = f"HTTP/1.1 302 Found\r\nLocation: {address}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
        connection.sendall(head.encode())

    return answer


def redirecting_rtsp(address: str, method: str = "DESCRIBE", *, after: str = "") -> Camera:
    """Return a camera that redirects a request, perhaps only one that has a certain header."""

    def answer(head: str) -> tuple[str, str]:
        if after in head:
            return "302 Found", f"Location: {address}\r\n"
        return "401 Unauthorized", 'WWW-Authenticate: Basic realm="c"\r\n'

    return Camera(lambda sender: None, answers={method: answer})


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
        request = request_of(connection)
        if request:  # FFmpeg connects to where RTSP leads, but must not send anything
            requests.append(request)

    with ExitStack() as stack:
        address, another, v6 = (
            stack.enter_context(server(internal, address=host)).partition("@")[2]
            for host in ("127.0.0.1", "127.0.0.2", "::1")
        )
        secret = f"http://{address}/secret.ts"
        answers = {
            "redirect": (redirecting(secret), ELSEWHERE),
            "playlist": (replying("200 OK", PLAYLIST.format(address=secret).encode(), HLS), ELSEWHERE),
            "sdp": (replying("200 OK", SDP.encode(), "application/sdp"), NO_FORMAT),
        }
        rtsp = {
            "options": (redirecting_rtsp(f"rtsp://{another}/", "OPTIONS"), ELSEWHERE),
            "describe": (redirecting_rtsp(f"rtsp://{another}/"), ELSEWHERE),
            "password": (redirecting_rtsp(f"rtsp://{another}/", after="Authorization:"), ELSEWHERE),
            "port": (redirecting_rtsp(f"rtsp://{address}/"), ELSEWHERE),
            "name": (redirecting_rtsp(f"rtsp://localhost:{address.rpartition(':')[2]}/"), ELSEWHERE),
            "v6": (redirecting_rtsp(f"rtsp://{v6}/"), ELSEWHERE),
            "tls": (redirecting_rtsp(f"rtsps://{another}/"), ELSEWHERE),
            "relative": (redirecting_rtsp(f"//{another}/"), ELSEWHERE),
            "http": (redirecting_rtsp(secret), NOT_RTSP),
        }
        cameras = {
            name: f"stream, attributes: {{url: '{scheme}://{stack.enter_context(server(answer))}/live.m3u8'}}"
            for scheme, kinds in (("http", answers), ("rtsp", rtsp))
            for name, (answer, _) in kinds.items()
        }
        cameras |= {
            "concat": "video_file, attributes: {path: list.mp4}",
            "m3u8": "video_file, attributes: {path: list.m3u8}",
        }
        errors = {name: error for name, (_, error) in (answers | rtsp).items()} | {"concat": NO_FILE, "m3u8": NO_FILE}
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
