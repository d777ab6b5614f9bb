"""Connections of several ports are accepted, counted together, and closed for others when they are idle."""

from __future__ import annotations

import asyncio
import contextlib
import errno
import socket
import ssl
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from pipeline import LimitsConfig
from server.connections import Acceptor, PortProtocol, acceptor
from server.core import Refusals
from server.program import LogLimit, listen
from tests.certificates import certificate


class Echo(PortProtocol):
    """Answers each message with itself. A message that begins with ``b`` keeps it busy."""

    is_busy = False

    @property
    def busy(self) -> bool:
        return self.is_busy

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.is_busy = data.startswith(b"b")
        self.has_answered = True
        self.transport.write(data)


class Ports:
    """Two ports of one acceptor, and the clients that a test connects."""

    def __init__(self, **limits: int) -> None:
        self.limits = LimitsConfig().model_copy(update=limits)
        self.refusals = Refusals()
        self.acceptor = Acceptor(lambda: self.limits, lambda address: address == "127.0.0.9", self.refusals)
        self.listening = [listen("127.0.0.1", 0) for _ in range(2)]
        self.addresses = [sock.getsockname() for sock in self.listening]
        self.ports = [self.acceptor.listen(sock, Echo) for sock in self.listening]
        self.clients: list[asyncio.StreamWriter] = []

    async def client(self, say: bytes = b"", source: str = "127.0.0.1", port: int = 0) -> asyncio.StreamReader:
        """Connect, and wait for the answer to a message."""
        reader, writer = await asyncio.open_connection(*self.addresses[port], local_addr=(source, 0))
        self.clients.append(writer)
        if say:
            writer.write(say)
            assert await reader.readexactly(len(say)) == say
        return reader

    async def close(self) -> None:
        self.acceptor.close()
        for writer in self.clients:
            writer.transport.abort()
        for _ in range(10):  # turns of the loop, in which the connections end
            await asyncio.sleep(0)
        assert self.acceptor.count == 0


@pytest.fixture
async def ports(request: pytest.FixtureRequest) -> AsyncIterator[Ports]:
    made = Ports(**getattr(request, "param", {}))
    async with asyncio.timeout(10):
        yield made
    await made.close()


async def is_closed(reader: asyncio.StreamReader) -> bool:
    try:
        return await reader.read(1) == b""
    except ConnectionError:
        return True


@pytest.mark.anyio
@pytest.mark.parametrize("ports", [{"connections_per_address": 2}], indirect=True)
async def test_busy_connections_of_an_address_stay_and_a_new_one_is_closed(
    ports: Ports, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.filtering(LogLimit()):
        for port in (0, 1):
            await ports.client(b"busy", port=port)
        for port in (0, 1):
            assert await is_closed(await ports.client(port=port))
        await ports.client(b"busy", "127.0.0.2")
        for _ in range(3):
            await ports.client(b"busy", "127.0.0.9")
    assert [record.message for record in caplog.records] == [
        "more than 2 connections from 127.0.0.1; further ones are closed"
    ]
    assert ports.refusals.counts["connections_per_address"] >= 1


@pytest.mark.anyio
@pytest.mark.parametrize("ports", [{"connections": 3}], indirect=True)
async def test_idle_connections_make_room_first_those_that_asked_for_nothing(ports: Ports) -> None:
    asked = await ports.client(b"a")
    silent = await ports.client()
    await ports.client(b"busy")
    await ports.client(b"busy")
    assert await is_closed(silent)
    await ports.client(b"busy")
    assert await is_closed(asked)
    assert await is_closed(await ports.client())
    assert ports.acceptor.count == 3
    assert ports.refusals.counts["connections"] == 1


@pytest.mark.anyio
async def test_a_closed_port_accepts_nobody_and_keeps_its_connections(ports: Ports) -> None:
    await ports.client(b"a")
    ports.ports[0].close()
    ports.ports[0].close()
    with pytest.raises(OSError):
        await ports.client()
    ports.clients[0].write(b"again")
    await ports.client(b"a", port=1)
    assert ports.acceptor.count == 2


@pytest.mark.anyio
async def test_clients_that_do_not_shake_hands_make_room(tmp_path: Path) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(*certificate(tmp_path))
    made = Ports(connections=2)
    sock = listen("127.0.0.1", 0)
    made.acceptor.listen(sock, Echo, context)
    async with asyncio.timeout(10):
        with contextlib.ExitStack() as stack:
            # All are accepted in one turn of the loop, before any of them is set up.
            clients = [stack.enter_context(socket.create_connection(sock.getsockname())) for _ in range(4)]
            for client in clients[:2]:
                assert await asyncio.to_thread(client.recv, 1) == b""
            assert made.acceptor.count == 2
            clients.append(stack.enter_context(socket.create_connection(sock.getsockname())))
            assert await asyncio.to_thread(clients[2].recv, 1) == b""
        await made.close()


class Exhausted:
    """A listening socket of a system that has no file descriptors left for a while."""

    def __init__(self, sock: socket.socket) -> None:
        self._sock = sock
        self.refusals = 0
        self.thrice = asyncio.Event()
        self.enough = False

    def accept(self) -> Any:
        if self.enough:
            return self._sock.accept()
        self.refusals += 1
        if self.refusals == 3:
            self.thrice.set()
        raise OSError(errno.EMFILE, "Too many open files")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._sock, name)


@pytest.mark.anyio
async def test_without_file_descriptors_it_pauses_and_says_so_once(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(acceptor, "PAUSE_S", 0.01)
    with caplog.filtering(LogLimit()):
        async with asyncio.timeout(10):
            made = Ports()
            idle = await made.client(b"a")
            exhausted = Exhausted(made.listening[0])
            made.ports[0].sock = exhausted  # type: ignore[assignment]
            waiting = asyncio.create_task(made.client(b"b"))
            assert await is_closed(idle)
            await exhausted.thrice.wait()
            exhausted.enough = True
            await waiting
            await made.close()
    assert [record.message for record in caplog.records] == [
        "no connection can be accepted (too many open files); trying again every 0.01 s"
    ]
