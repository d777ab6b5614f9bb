"""The guard, through the camera that uses it."""

from __future__ import annotations

import ipaddress
import os
import socket
import ssl
import threading
from pathlib import Path

import pytest

from cameras import connecting
from cameras.base import CameraError, CameraUnreachable
from cameras.network import HttpGuard, addresses
from cameras.stream import Stream, StreamAttributes
from tests.certificates import certificate

from ..servers import Answer, request_of, sending, server
from ..videos import number_of, numbered, write_video

ELSEWHERE = "the host leads to another address in a private network, which is not followed: set that one as url"


@pytest.fixture
def clip(tmp_path: Path) -> Path:
    return write_video(tmp_path / "clip.ts", [numbered(3)] * 10, format="mpegts")


def first_picture(url: str) -> int:
    """Return which of the numbered pictures a stream shows first."""
    camera = Stream("door", StreamAttributes(url=url, open_timeout_s=5), paced=False)
    try:
        camera.open()
        return number_of(camera.read().image)
    finally:
        camera.close()


def redirecting(paths: dict[str, str], clip: Path) -> Answer:
    """Answer each path with a redirect, and others with a clip."""

    def answer(connection: socket.socket, done: threading.Event) -> None:
        request = request_of(connection)
        target = paths.get(request.split(b" ")[1].decode())
        if target is None:
            data = clip.read_bytes()
            connection.sendall(f"HTTP/1.1 200 OK\r\nContent-Length: {len(data)}\r\n\r\n".encode() + data)
        else:
            connection.sendall(f"HTTP/1.1 302 Found\r\nLocation: {target}\r\nContent-Length: 0\r\n\r\n".encode())

    return answer


def playlist(address: str, clip: Path) -> Answer:
    """Answer as a host of HLS: a playlist with one segment."""

    def answer(connection: socket.socket, done: threading.Event) -> None:
        live = request_of(connection).startswith(b"GET /live.m3u8 ")
        text = f"#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n{address}\n#EXT-X-ENDLIST\n".encode()
        data = text if live else clip.read_bytes()
        kind = "application/vnd.apple.mpegurl" if live else "video/mp2t"
        head = f"HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nContent-Length: {len(data)}\r\n\r\n"
        connection.sendall(head.encode() + data)

    return answer


def test_the_host_itself_is_reached_by_redirects_and_playlists(clip: Path) -> None:
    with server(redirecting({"/old": "/new?a=b", "/new?a=b": "clip.ts"}, clip)) as host:
        assert first_picture(f"http://{host}/old") == 3
    with server(playlist("clip.ts", clip)) as host:
        assert first_picture(f"http://{host}/live.m3u8") == 3


@pytest.mark.parametrize("name", ["127.0.0.1", "localhost", "127.0.0.2", "[::1]"])
def test_another_address_in_the_network_is_not_reached(clip: Path, name: str) -> None:
    with server(sending(clip, "video/mp2t")) as other:
        target = f"http://{name}:{other.rpartition(':')[2]}/clip.ts"
        for answer in (redirecting({"/live.m3u8": target}, clip), playlist(target, clip)):
            with server(answer) as host, pytest.raises(CameraError) as raised:
                first_picture(f"http://{host}/live.m3u8")
            assert str(raised.value).endswith(ELSEWHERE)


def test_public_addresses_are_reached(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(addresses, "is_public", lambda address: address == ipaddress.ip_address("127.0.0.1"))
    with server(sending(clip, "video/mp2t")) as other:
        target = f"http://{other.partition('@')[2]}/clip.ts"
        with server(redirecting({"/live": target}, clip)) as host:
            assert first_picture(f"http://{host}/live") == 3


def test_https_passes_through(clip: Path, tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    answer = redirecting({"/old": "/clip.ts"}, clip)

    def secure(connection: socket.socket, done: threading.Event) -> None:
        with context.wrap_socket(connection, server_side=True) as wrapped:
            answer(wrapped, done)

    with server(secure) as host:
        assert first_picture(f"https://{host}/old") == 3


def test_the_variable_that_would_bypass_the_guard_has_no_effect(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("no_proxy", "*")
    with server(sending(clip, "video/mp2t")) as other:
        target = f"http://127.0.0.1:{other.rpartition(':')[2]}/clip.ts"
        with server(redirecting({"/live": target}, clip)) as host, pytest.raises(CameraError, match="not followed"):
            first_picture(f"http://{host}/live")
    assert "no_proxy" not in os.environ


def test_a_host_that_answers_with_video_needs_no_guard(clip: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connecting, "HttpGuard", None)
    with server(sending(clip, "video/mp2t")) as host:
        assert first_picture(f"http://{host}/clip.ts") == 3


def test_a_host_that_nothing_listens_on_is_unreachable(clip: Path) -> None:
    with server(sending(clip, "video/mp2t")) as host:
        pass
    with pytest.raises(CameraUnreachable, match="connection refused; nothing listens there$"):
        first_picture(f"http://{host}/clip.ts")


@pytest.mark.parametrize(
    "request_", [b"GET / HTTP/1.1\r\n\r\n", b"hello\r\n\r\n", b"GET ftp://127.0.0.1/ HTTP/1.1\r\n\r\n"]
)
def test_what_is_no_request_to_a_proxy_is_not_answered(request_: bytes) -> None:
    guard = HttpGuard("http://127.0.0.1:1/")
    port = int(guard.url.rpartition(":")[2].strip("/"))
    with socket.create_connection(("127.0.0.1", port), 10) as client:
        client.sendall(request_)
        assert client.recv(100) == b""
    guard.close()
    guard.close()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", port), 10)
