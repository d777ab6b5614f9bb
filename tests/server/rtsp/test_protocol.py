"""One connection: malformed requests, its end, and how it waits."""

from __future__ import annotations

import asyncio
import socket
import time
from types import SimpleNamespace
from typing import Any

import pytest

from pipeline import LimitsConfig
from server.connections import HEAD_S
from server.rtsp import protocol as protocol_module
from server.rtsp.protocol import RtspProtocol
from tests.server.served import Served, limited

from .clients import Client
from .conftest import port_of

TCP = "RTP/AVP/TCP;unicast;interleaved=0-1"


def test_requests_are_answered_in_their_order(client: Client) -> None:
    client.sock.sendall(
        b"".join(
            f"{each} {client.url()} RTSP/1.0\r\nCSeq: {number}\r\n\r\n".encode()
            for number, each in enumerate(("OPTIONS", "DESCRIBE", "PLAY", "OPTIONS"))
        )
    )
    answers = [client.answer() for _ in range(4)]
    assert [(answer["CSeq"], answer.status) for answer in answers] == [("0", 200), ("1", 200), ("2", 454), ("3", 200)]


@pytest.mark.parametrize(
    ("text", "status", "sentence"),
    [
        ("GET / HTTP/1.1\r\nHost: a\r\n\r\n", 400, "this is not an RTSP request"),
        ("OPTIONS * RTSP/2.0\r\nCSeq: 1\r\n\r\n", 505, "this server speaks RTSP/1.0"),
        ("OPTIONS * RTSP/1.0\r\nX: " + "x" * 40_000, 413, "the head of a request may have at most 32768 bytes"),
    ],
)
def test_a_malformed_request_ends_the_connection_with_a_reason(
    client: Client, text: str, status: int, sentence: str
) -> None:
    answer = client.say(text)
    assert answer.status == status and sentence in answer.reason and answer["Connection"] == "close"
    assert client.ends()


def test_a_connection_that_asks_for_nothing_is_closed(
    client: Client, served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = client.ask("SETUP", Transport=TCP).session
    monkeypatch.setattr(protocol_module, "IDLE_S", 0.1)
    with Client(port_of(served)) as slow:
        monkeypatch.setattr(protocol_module, "HEAD_S", 0.1)
        slow.sock.sendall(b"OPTIONS * RTS")
        with Client(port_of(served)) as silent:
            assert silent.ends()
        assert slow.ends()
    assert client.ask("PLAY", Session=session).status == 200  # one with a session stays
    until = time.monotonic() + 0.5
    while time.monotonic() < until:
        client.packet()
    assert client.ask("TEARDOWN", Session=session).status == 200
    assert client.ends()


def test_a_connection_is_closed_for_others_unless_it_has_a_session(served: Served, client: Client) -> None:
    with Client(port_of(served)) as idle:
        assert idle.ask("OPTIONS").status == 200
        assert client.ask("SETUP", Transport=TCP).status == 200
        with limited(served, connections=served.running.acceptor.count):
            # The first to be closed is that of the HTTP client, which was idle before.
            with Client(port_of(served)) as third:
                assert third.ask("OPTIONS").status == 200
                with Client(port_of(served)) as fourth:
                    assert fourth.ask("OPTIONS").status == 200
                    assert idle.ends()
                    assert client.ask("OPTIONS").status == 200


def test_a_client_that_leaves_while_it_waits_leaves_nothing(served: Served) -> None:
    with Client(port_of(served)) as leaving:
        leaving.sock.sendall(f"DESCRIBE {leaving.url('gone')} RTSP/1.0\r\nCSeq: 1\r\n\r\n".encode())
        deadline = time.monotonic() + 10
        while not served.client.get("/api/cameras/gone").json()["encoders"]:
            assert time.monotonic() < deadline
        leaving.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
    while served.client.get("/api/cameras/gone").json()["encoders"]:
        assert time.monotonic() < deadline + 12


class Wire(asyncio.Transport):
    """A transport that keeps what it sends, until it is lost."""

    def __init__(self) -> None:
        super().__init__()
        self.sent: list[object] = []
        self.is_lost = False

    def get_extra_info(self, name: str, default: Any = None) -> Any:
        return ("127.0.0.1", 1)

    def write(self, data: object) -> None:
        self.sent.append(data)

    def is_closing(self) -> bool:
        return self.is_lost

    def get_write_buffer_size(self) -> int:
        return 0


class Session:
    """A session that waits until its connection has room."""

    def __init__(self) -> None:
        self.drains = 0

    def drained(self) -> None:
        self.drains += 1


@pytest.mark.anyio
async def test_the_sessions_go_on_when_the_client_has_read_what_waited_and_send_nothing_once_it_is_gone() -> None:
    left: list[object] = []
    service: Any = SimpleNamespace(leave=left.append)
    protocol = RtspProtocol(service, LimitsConfig)
    wire = Wire()
    protocol.connection_made(wire)
    session: Any = Session()
    protocol._client.sessions["a"] = session
    protocol.pause_writing()
    assert session.drains == 0
    protocol.resume_writing()
    assert session.drains == 1
    protocol._client.write(b"packets")
    wire.is_lost = True
    protocol._client.write(b"more packets")
    assert wire.sent == [b"packets"]
    protocol.connection_lost(None)
    assert left == [protocol._client]


@pytest.mark.anyio
async def test_bytes_one_by_one_and_what_is_no_request_extend_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    loop, waits = asyncio.get_running_loop(), list[float]()

    def call_later(limit_s: float, call: object) -> Any:
        waits.append(limit_s)
        return SimpleNamespace(cancel=lambda: None)

    monkeypatch.setattr(loop, "call_later", call_later)
    monkeypatch.setattr(loop, "time", lambda: 100.0)
    service: Any = SimpleNamespace(take=lambda packet, client: None)
    protocol = RtspProtocol(service, LimitsConfig)
    protocol.connection_made(Wire())
    for _ in range(10):
        protocol.data_received(b"\r\n")
        protocol.data_received(b"$\0\0\0")
    assert waits == [HEAD_S]
    for byte in b"$\0\1\0OPTIONS":
        protocol.data_received(bytes((byte,)))
    assert waits == [HEAD_S, HEAD_S]
