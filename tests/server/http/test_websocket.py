"""WebSockets of the real server, with endpoints of the test."""

from __future__ import annotations

import random
from collections import defaultdict
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path
from queue import SimpleQueue

import pytest
from starlette.responses import PlainTextResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from server.http import websocket as module
from server.http.websocket import MESSAGE_BYTES
from tests.websockets import BINARY, CLOSE, PING, PONG, TEXT, Refused, websocket

from ..conftest import check_threads, threads_now
from ..served import Served

ends: defaultdict[str, SimpleQueue[int]] = defaultdict(SimpleQueue)
"""The codes with which endpoints have ended, by the queries of their addresses."""


async def echo(socket: WebSocket) -> None:
    """Send each message back, and note the code of the end."""
    await socket.accept("chat" if "chat" in socket.scope["subprotocols"] else None, headers=[(b"x-own", b"yes")])
    try:
        while True:
            message = await socket.receive()
            if message["type"] == "websocket.disconnect":
                raise WebSocketDisconnect(message["code"])
            if message.get("text") == "close":
                await socket.close(4000, "as you wish")
            elif message.get("text") == "break":
                raise RuntimeError("a bug of the test")
            elif (text := message.get("text")) is not None:
                await socket.send_text(text)
            else:
                await socket.send_bytes(message["bytes"])
    except WebSocketDisconnect as left:
        ends[socket.url.query].put(left.code)


async def refuse(socket: WebSocket) -> None:
    """Answer with a response."""
    await PlainTextResponse("not here", 418)(socket.scope, socket.receive, socket.send)


async def flood(socket: WebSocket) -> None:
    """Send without an end, and note when that is over."""
    await socket.accept()
    try:
        while True:
            await socket.send_bytes(bytes(100_000))
    except WebSocketDisconnect as left:
        ends[socket.url.query].put(left.code)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("websocket")) as running:
        for endpoint in (echo, refuse, flood):
            running.running.http.app.router.add_websocket_route(f"/test/{endpoint.__name__}", endpoint)
        yield running
    check_threads(before)


def frame(first: int, data: bytes) -> bytes:
    """Return a frame of a client, with its first byte."""
    length = len(data)
    head = bytes((first, 0x80 | length)) if length < 126 else bytes((first, 0xFE)) + length.to_bytes(2, "big")
    mask = bytes.fromhex("37fa213d")
    return head + mask + bytes(byte ^ mask[place % 4] for place, byte in enumerate(data))


def end_of(name: str) -> int:
    """Wait for the end of an endpoint; return its code."""
    return ends[name].get(timeout=10)


def test_messages_go_both_ways(served: Served) -> None:
    with websocket(served.running.url, "/test/echo?ways") as client:
        assert client.headers["x-own"] == "yes"
        client.send(TEXT, "grün".encode())
        assert client.receive() == (TEXT, "grün".encode())
        client.send(BINARY, b"\x00\xff")
        assert client.receive() == (BINARY, b"\x00\xff")
        client.send(PING, b"there?")
        assert client.receive() == (PONG, b"there?")
        client.send(PONG)
        client.send(CLOSE, b"\x03\xe8")
        assert client.receive().code == 1000
    assert end_of("ways") == 1000


def test_the_example_of_the_standard(served: Served) -> None:
    key = {"Sec-WebSocket-Key": "dGhlIHNhbXBsZSBub25jZQ=="}
    with websocket(served.running.url, "/test/echo", key) as client:
        assert client.headers["sec-websocket-accept"] == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_a_subprotocol_is_chosen_among_those_offered(served: Served) -> None:
    with websocket(served.running.url, "/test/echo", {"Sec-WebSocket-Protocol": "other, chat"}) as client:
        assert client.headers["sec-websocket-protocol"] == "chat"
    with websocket(served.running.url, "/test/echo") as client:
        assert "sec-websocket-protocol" not in client.headers


def test_a_client_that_just_leaves_ends_its_endpoint(served: Served) -> None:
    with websocket(served.running.url, "/test/echo?endpoint") as client:
        client.send(TEXT, b"hello")
        client.receive()
    assert end_of("endpoint") == 1006


def test_the_server_closes_with_a_code_and_a_reason(served: Served) -> None:
    with websocket(served.running.url, "/test/echo") as client:
        client.send(TEXT, b"close")
        close = client.receive()
        assert (close.opcode, close.code, close.data[2:]) == (CLOSE, 4000, b"as you wish")
        client.send(CLOSE, close.data)
        with pytest.raises(EOFError):
            client.receive()


def test_a_bug_closes_only_its_own(served: Served, caplog: pytest.LogCaptureFixture) -> None:
    with websocket(served.running.url, "/test/echo") as other, websocket(served.running.url, "/test/echo") as client:
        client.send(TEXT, b"break")
        assert client.receive().code == 1011
        other.send(TEXT, b"still here")
        assert other.receive().data == b"still here"
    assert "a WebSocket is closed because of a bug" in caplog.text


def test_a_client_that_breaks_the_protocol_is_told(served: Served) -> None:
    with websocket(served.running.url, "/test/echo?told") as client:
        client.connection.sendall(b"\x81\x05Hello")
        close = client.receive()
        assert (close.code, close.data[2:]) == (1002, b"server received unexpected unmasked frame")
        client.send(CLOSE, close.data)
        with pytest.raises(EOFError):
            client.receive()
    assert end_of("told") == 1002


@pytest.mark.parametrize(
    ("data", "code"),
    [
        (frame(0xC1, b"compressed"), 1002),
        (frame(0x83, b"kind 3"), 1002),
        (frame(0x80, b"continues nothing"), 1002),
        (frame(0x01, b"begins") + frame(0x81, b"begins again"), 1002),
        (frame(0x09, b"ping in parts"), 1002),
        (frame(0x89, bytes(126)), 1002),
        (frame(0x88, b"\x03"), 1002),
        (frame(0x88, (1005).to_bytes(2, "big")), 1002),
        (frame(0x88, (1000).to_bytes(2, "big") + b"\xff"), 1007),
        (frame(0x81, b"\xff"), 1007),
        (frame(0x82, bytes(MESSAGE_BYTES + 1)), 1009),
        (frame(0x81, "é".encode() * (MESSAGE_BYTES // 2) + b"."), 1009),  # of bytes, not of characters
        (frame(0x02, bytes(MESSAGE_BYTES)) + frame(0x80, b"."), 1009),
        (b"\x82\xff" + (1 << 62).to_bytes(8, "big") + bytes(4 + MESSAGE_BYTES + 1), 1009),  # not kept until complete
    ],
)
def test_what_no_client_may_send(served: Served, data: bytes, code: int) -> None:
    with websocket(served.running.url, "/test/echo") as client:
        client.connection.sendall(data)
        close = client.receive()
        assert (close.opcode, close.code) == (CLOSE, code)
        assert close.data[2:].decode()


def test_the_parts_of_a_message_come_together_around_control_frames(served: Served) -> None:
    letter = "ö".encode()
    data = frame(0x01, b"one ") + frame(0x89, b"?") + frame(0x00, b"zw" + letter[:1]) + frame(0x80, letter[1:])
    with websocket(served.running.url, "/test/echo") as client:
        client.connection.sendall(data)
        assert client.receive() == (PONG, b"?")
        assert client.receive() == (TEXT, "one zwö".encode())


def test_frames_may_arrive_in_any_pieces(served: Served) -> None:
    sent = [bytes([number]) * size for number, size in enumerate([0, 1, 125, 126, 127, 1000, MESSAGE_BYTES])]
    data = b"".join(frame(0x82, each) for each in sent)
    with websocket(served.running.url, "/test/echo") as client:
        for seed in range(20):
            cuts = sorted(random.Random(seed).choices(range(len(data) + 1), k=12))
            for start, end in pairwise([0, *cuts, len(data)]):
                client.connection.sendall(data[start:end])
            assert [client.receive() for _ in sent] == [(BINARY, each) for each in sent]


def test_a_client_that_sends_too_many_frames_is_disconnected(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "FRAMES", 100)
    with websocket(served.running.url, "/test/echo") as client:
        client.connection.sendall(frame(0x01, b"") + frame(0x00, b"") * 99)
        client.connection.sendall(frame(0x89, b"one more"))
        close = client.receive()
        assert (close.code, close.data[2:]) == (1008, b"more than 100 frames in 20 s")


@pytest.mark.parametrize(("data", "code"), [(b"", 1000), (b"\x03\xe9away", 1001), (b"\x0f\xa0", 4000)])
def test_the_code_of_a_close_is_sent_back(served: Served, data: bytes, code: int) -> None:
    with websocket(served.running.url, f"/test/echo?code={code}") as client:
        client.send(CLOSE, data)
        assert client.receive() == (CLOSE, code.to_bytes(2, "big"))
        with pytest.raises(EOFError):
            client.receive()
    assert end_of(f"code={code}") == code


def test_a_request_may_be_refused_with_any_response(served: Served) -> None:
    with pytest.raises(Refused, match="418"), websocket(served.running.url, "/test/refuse"):
        pass
    with pytest.raises(Refused, match="403"), websocket(served.running.url, "/nothing/here"):
        pass


@pytest.mark.parametrize(
    "changed",
    [
        ("Sec-WebSocket-Version", "8"),
        ("Sec-WebSocket-Key", ""),
        ("Sec-WebSocket-Key", "short"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25j"),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ="),
        ("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ==\xff"),
        ("Content-Length", "1"),
    ],
)
def test_a_handshake_that_is_none_is_refused(served: Served, changed: tuple[str, str]) -> None:
    with (
        pytest.raises(Refused, match="400 a WebSocket needs"),
        websocket(served.running.url, "/test/echo", dict([changed])),
    ):
        pass


def test_a_reader_that_stands_still_lets_its_endpoint_wait(served: Served) -> None:
    with websocket(served.running.url, "/test/flood?wait") as client:
        assert len(client.receive().data) == 100_000
        assert served.client.get("/healthz").status_code == 200
    assert end_of("wait") == 1006


def test_pings_find_a_client_that_does_not_answer(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "PING_S", 0.3)
    with websocket(served.running.url, "/test/echo?answer") as client:
        for _ in range(2):
            assert client.receive() == (PING, b"")
            client.send(PONG)
        assert client.receive() == (PING, b"")
        with pytest.raises((EOFError, ConnectionResetError)):
            client.receive()
    assert end_of("answer") == 1006


def test_the_server_says_goodbye_when_it_closes(tmp_path: Path) -> None:
    with Served(tmp_path) as served:
        served.running.http.app.router.add_websocket_route("/test/echo", echo)
        with websocket(served.running.url, "/test/echo?closes") as client:
            client.send(TEXT, b"hello")
            client.receive()
            served.running.serving.get_loop().call_soon_threadsafe(served.running.http.stop)
            assert client.receive().code == 1001
    assert end_of("closes") == 1001
