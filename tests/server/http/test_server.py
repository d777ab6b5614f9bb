"""Malformed requests, and checks of the installed libraries."""

import asyncio
import contextlib
import socket
import threading
from collections import Counter
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
import starlette
import uvicorn
from starlette.formparsers import MultiPartParser
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.server import ServerState

from cameras import UnsuitableLibrary
from pipeline import LimitsConfig
from server.core import Unavailable
from server.http import check_http_libraries
from server.http.protocol import HttpProtocol

from ..served import Served, said


def test_a_malformed_request_is_refused(served: Served) -> None:
    answer = said(served, b"\x16\x03\x01\x02\x00hello\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 ")
    assert b"application/problem+json" in answer
    assert b'"detail": "this is not an HTTP request"' in answer
    assert served.client.get("/healthz").status_code == 200


WEBSOCKET = (
    b"Host: localhost\r\nConnection: Upgrade, close\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n"
    b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n\r\n"
)


@pytest.mark.parametrize("start", [b"HEAD / HTTP/1.1\r\n", b"GET / HTTP/1.0\r\n"])
def test_a_refusal_of_what_is_no_handshake_is_complete(
    served: Served, caplog: pytest.LogCaptureFixture, start: bytes
) -> None:
    head, _, body = said(served, start + WEBSOCKET).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert bool(body) == start.startswith(b"GET")
    assert not caplog.records


FEW = 5
"""One request begins in each turn, another over a connection that nobody waits for; without turns, 19 of 20 do."""


@pytest.fixture
def costly(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let each step take a whole turn of the event loop; on a fast machine, more of them would fit into one."""
    monkeypatch.setattr("server.connections.turns.TURN_S", 1e-9)


class Turns:
    """Notes in which turn of the event loop each request is first seen."""

    def __init__(self) -> None:
        self.seen_in: dict[Any, int] = {}
        self.enough = threading.Event()
        self._now = 0

    def _count(self) -> None:
        self._now += 1
        if not self.enough.is_set():
            asyncio.get_running_loop().call_soon(self._count)

    def see(self) -> None:
        if not self.seen_in:
            self._count()
        self.seen_in.setdefault(asyncio.current_task(), self._now)

    def most(self) -> int:
        """Return the most requests of one turn."""
        return max(Counter(self.seen_in.values()).values())


def ask_at_once(served: Served, request: bytes) -> None:
    """Send three requests over each of twenty connections, and wait for the answers."""
    url = served.client.base_url
    with contextlib.ExitStack() as stack:
        clients = [stack.enter_context(socket.create_connection((url.host, url.port or 0), 20)) for _ in range(20)]
        for client in clients:
            client.sendall(request * 3)
        for client in clients:
            answers = b""
            while answers.count(b"HTTP/1.1 ") < 3:
                answers += client.recv(65_536)


@pytest.mark.usefixtures("costly")
def test_requests_that_come_at_once_are_started_a_few_in_each_turn_of_the_loop(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Answered in one turn, a hundred of them stopped the event loop for 0.3 s."""
    turns, sessions = Turns(), served.running.backend.whep.sessions

    def seen(name: str) -> Any:
        turns.see()
        return sessions(name)

    monkeypatch.setattr(served.running.backend.whep, "sessions", seen)
    ask_at_once(served, b"GET /api/cameras HTTP/1.1\r\nHost: localhost\r\n\r\n")
    turns.enough.set()
    assert len(turns.seen_in) == 60
    assert turns.most() <= FEW


@pytest.mark.usefixtures("costly")
def test_bodies_that_come_at_once_are_looked_at_a_few_in_each_turn_of_the_loop(
    served: Served, monkeypatch: pytest.MonkeyPatch
) -> None:
    turns = Turns()

    async def parse(*arguments: Any) -> Any:
        turns.see()
        raise Unavailable("enough")

    monkeypatch.setattr(served.running.backend.parsers, "run", parse)
    head = b"POST /v2/models/names/outputs HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n"
    ask_at_once(served, head + b"{}")
    turns.enough.set()
    assert len(turns.seen_in) == 60
    assert turns.most() <= FEW


@pytest.mark.anyio
async def test_a_request_that_waits_for_its_turn_keeps_its_connection() -> None:
    """Before, a connection was closed as idle while the server had not come to its next request for 5 s."""
    protocol = HttpProtocol(uvicorn.Config(lambda: None), ServerState(), {}, LimitsConfig)
    closing = asyncio.get_running_loop().call_later(60, protocol.timeout_keep_alive_handler)
    protocol.timeout_keep_alive_task = closing
    protocol.arriving()
    assert closing.cancelled()
    assert protocol.timeout_keep_alive_task is None


@pytest.mark.anyio
async def test_the_installed_libraries_have_all_attributes_used() -> None:
    check_http_libraries()


@pytest.mark.anyio
@pytest.mark.parametrize(
    ("owner", "name", "library"),
    [
        (H11Protocol, "send_400_response", f"uvicorn {uvicorn.__version__}"),
        (H11Protocol, "connection_lost", f"uvicorn {uvicorn.__version__}"),
        (uvicorn.Server, "capture_signals", f"uvicorn {uvicorn.__version__}"),
        (MultiPartParser, "on_end", f"starlette {starlette.__version__}"),
    ],
)
async def test_the_error_names_a_missing_attribute(
    owner: type, name: str, library: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delattr(owner, name)
    for base in owner.__mro__[1:]:
        if name in vars(base):
            monkeypatch.delattr(base, name)
    with pytest.raises(UnsuitableLibrary) as caught:
        check_http_libraries()
    assert str(caught.value) == f"{library} cannot be used: it has no {owner.__name__}.{name}"


def test_answers_have_the_present_date(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 1_800_000_000.0
    monkeypatch.setattr("server.http.server.DATE_S", 0.001)
    monkeypatch.setattr("uvicorn.server.time", SimpleNamespace(time=lambda: now_s))
    with Served(tmp_path) as served:
        assert served.client.get("/healthz").headers["date"] == "Fri, 15 Jan 2027 08:00:00 GMT"
        now_s += 3600
        while served.client.get("/healthz").headers["date"] != "Fri, 15 Jan 2027 09:00:00 GMT":
            pass  # until it is renewed


def test_a_server_that_does_nothing_stops_when_it_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr("server.http.server.DATE_S", 1e6)
    with Served(tmp_path) as served:
        assert served.client.get("/healthz").status_code == 200
    assert [record.message for record in caplog.records if record.levelname == "WARNING"] == []
