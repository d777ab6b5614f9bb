"""What stands between a socket and its protocol: portions, the end of what a client sends, slow readers."""

from __future__ import annotations

import asyncio
import errno
import socket

import pytest

from pipeline import LimitsConfig
from server.connections import Connection, PortProtocol, Turns


class Recorder(PortProtocol):
    """Keeps what it gets, in portions of three bytes."""

    def __init__(self) -> None:
        self.got: list[bytes] = []
        self.lost = asyncio.Event()
        self.at_end = asyncio.Event()
        self.fails = self.asks_more = False
        self.arrivals = 0
        self.starts = False

    @property
    def unfinished(self) -> bool:
        return self.asks_more

    def arriving(self) -> None:
        self.arrivals += 1

    def portion(self, data: bytearray) -> int:
        return 3

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        if self.fails:
            raise RuntimeError("a bug")
        self.requests += self.starts
        self.got.append(data)

    def eof_received(self) -> bool:
        self.at_end.set()
        return True

    def connection_lost(self, exc: Exception | None) -> None:
        self.lost.set()


class Pair:
    """A connection with a recorder, and the socket of its client."""

    def __init__(self, **limits: float) -> None:
        self.limits = LimitsConfig().model_copy(update=limits)
        self.recorder = Recorder()
        self.ended = asyncio.Event()

    async def __aenter__(self) -> Pair:
        loop = asyncio.get_running_loop()
        self.client, ours = socket.socketpair()
        self.client.setblocking(False)
        self.connection = Connection(
            self.recorder,
            lambda: self.limits,
            Turns(),
            "127.0.0.1",
            lambda connection: None,
            lambda connection: self.ended.set(),
        )
        await loop.connect_accepted_socket(lambda: self.connection, ours)
        return self

    async def __aexit__(self, *exception: object) -> None:
        self.connection.abort()
        self.client.close()
        async with asyncio.timeout(5):
            await self.ended.wait()

    async def read(self) -> bytes:
        """Read until the server closes its direction."""
        received = b""
        while data := await asyncio.get_running_loop().sock_recv(self.client, 1 << 20):
            received += data
        return received


@pytest.mark.anyio
async def test_data_comes_in_portions_and_the_end_comes_last() -> None:
    async with Pair() as pair, asyncio.timeout(5):
        pair.client.send(b"abcdefgh")
        pair.client.shutdown(socket.SHUT_WR)
        await pair.recorder.at_end.wait()
        assert pair.recorder.got == [b"abc", b"def", b"gh"]


@pytest.mark.anyio
async def test_a_protocol_that_pauses_gets_nothing_until_it_resumes() -> None:
    async with Pair() as pair, asyncio.timeout(5):
        pair.recorder.transport.pause_reading()
        pair.client.send(b"abc")
        pair.client.shutdown(socket.SHUT_WR)
        assert pair.recorder.got == [] and not pair.recorder.at_end.is_set()
        pair.recorder.transport.resume_reading()
        await pair.recorder.at_end.wait()
        assert pair.recorder.got == [b"abc"]


@pytest.mark.anyio
async def test_a_connection_is_busy_while_what_has_arrived_waits_for_its_turn() -> None:
    async with Pair() as pair, asyncio.timeout(5):
        pair.recorder.starts = True
        pair.connection.data_received(b"abcdef")
        assert (pair.recorder.got, pair.recorder.arrivals) == ([b"abc"], 1)
        assert pair.connection.busy
        await asyncio.sleep(0)
        assert pair.recorder.got == [b"abc", b"def"]
        assert not pair.connection.busy


@pytest.mark.anyio
async def test_what_comes_after_an_early_end_is_read_and_discarded() -> None:
    async with Pair() as pair, asyncio.timeout(5):
        pair.recorder.asks_more = True
        pair.recorder.transport.write(b"too large")
        pair.recorder.transport.close()
        assert pair.recorder.transport.is_closing()
        await pair.recorder.lost.wait()
        loop = asyncio.get_running_loop()
        await loop.sock_sendall(pair.client, bytes(2_000_000))
        assert await pair.read() == b"too large"
        assert not pair.ended.is_set()
        pair.client.shutdown(socket.SHUT_WR)
        await pair.ended.wait()
        assert pair.recorder.got == []


@pytest.mark.anyio
async def test_a_client_that_has_reset_the_connection_is_no_bug(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def reset(transport: asyncio.Transport) -> None:
        raise OSError(errno.ENOTCONN, "Transport endpoint is not connected")

    async with Pair() as pair, asyncio.timeout(5):
        monkeypatch.setattr(type(pair.connection._raw), "write_eof", reset)
        pair.recorder.asks_more = True
        pair.recorder.transport.close()
        await pair.ended.wait()
        assert pair.recorder.lost.is_set()
    assert not caplog.records


@pytest.mark.anyio
async def test_a_client_that_sends_nothing_after_an_early_end_is_disconnected() -> None:
    async with Pair(body_idle_s=0.01) as pair, asyncio.timeout(5):
        pair.recorder.asks_more = True
        pair.recorder.transport.close()
        await pair.ended.wait()


@pytest.mark.anyio
async def test_a_finished_connection_closes_at_once() -> None:
    async with Pair() as pair, asyncio.timeout(5):
        pair.recorder.transport.write(b"bye")
        pair.recorder.transport.close()
        await pair.ended.wait()
        assert await pair.read() == b"bye"


@pytest.mark.anyio
async def test_a_client_that_does_not_read_is_disconnected() -> None:
    async with Pair(write_s=0.01) as pair, asyncio.timeout(5):
        pair.recorder.transport.write(bytes(5_000_000))
        await pair.ended.wait()
        assert pair.recorder.lost.is_set()


@pytest.mark.anyio
async def test_a_client_that_reads_stays() -> None:
    async with Pair(write_s=0.05) as pair, asyncio.timeout(10):
        pair.recorder.transport.write(bytes(5_000_000))
        received = 0
        while received < 5_000_000:
            received += len(await asyncio.get_running_loop().sock_recv(pair.client, 100_000))
        assert not pair.ended.is_set()
        assert pair.recorder.transport.get_write_buffer_size() == 0


@pytest.mark.anyio
async def test_a_bug_of_a_protocol_ends_its_connection_only(caplog: pytest.LogCaptureFixture) -> None:
    async with Pair() as pair, asyncio.timeout(5):
        pair.recorder.fails = True
        pair.client.send(b"abc")
        await pair.ended.wait()
    assert [record.message for record in caplog.records] == ["a connection is closed because of a bug"]
