"""Floods and idle connections on the ports for gRPC."""

from __future__ import annotations

import contextlib
import selectors
import socket
import struct
from collections import Counter
from collections.abc import Callable, Iterator
from pathlib import Path

import hpack
import pytest

from tests.serving import Serving

from .attacks import closed_by_server, connected, cost_s, grpc_address, peak_memory, serving, undisturbed
from .http2 import (
    ALTSVC,
    BEGINNING,
    CANCEL,
    CONTINUATION,
    DATA,
    END_HEADERS,
    END_STREAM,
    ENHANCE_YOUR_CALM,
    GOAWAY,
    HEADERS,
    PING,
    PRIORITY,
    PUSH_PROMISE,
    RST_STREAM,
    SETTINGS,
    WINDOW_UPDATE,
    call,
    fields,
    frame,
    frames_of,
    goodbye,
)

PATHS = {"Viam": "/viam.robot.v1.RobotService/ResourceNames", "Clarifai": "/clarifai.api.V2/PostModelOutputs"}


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("http2"), "viam: {port: 0}, clarifai: {port: 0}") as running:
        yield running


def calls(path: str, reset: bytes = b"") -> bytes:
    """Return the heads of 20,000 calls, each reset at once by a frame with this content, if any."""
    head = call(path)
    return b"".join(
        frame(HEADERS, head, stream, END_HEADERS) + (frame(RST_STREAM, reset, stream) if reset else b"")
        for stream in range(1, 40_001, 2)
    )


def settings(count: int, first: int = 1000) -> bytes:
    """Return settings that nobody knows."""
    return b"".join(struct.pack(">HI", number % 60_000 + 1000, 1) for number in range(first, first + count))


def calls_of_many_fields(path: str, count: int) -> bytes:
    """Return calls, each reset at once. A byte names a field that came before, and 900 fields take 10 ms."""
    first = hpack.Encoder().encode([("x", "")])
    cancel = struct.pack(">I", CANCEL)
    return b"".join(
        frame(HEADERS, call(path) + (b"\xbe" * 900 if stream > 1 else first), stream, END_HEADERS)
        + frame(RST_STREAM, cancel, stream)
        for stream in range(1, 2 * count, 2)
    )


FLOODS: dict[str, Callable[[str], bytes]] = {
    "calls reset at once": lambda path: calls(path, struct.pack(">I", CANCEL)),
    "calls without end": calls,
    "calls of many fields": lambda path: calls_of_many_fields(path, 500),
    "pings": lambda path: frame(PING, bytes(8)) * 20_000,
    "settings": lambda path: frame(SETTINGS, struct.pack(">HI", 4, 65_535)) * 20_000,
    "unknown settings": lambda path: frame(SETTINGS, settings(2700)) * 200,
    "some unknown settings each": lambda path: frame(SETTINGS, settings(32)) * 20_000,
    "table sizes": lambda path: b"".join(
        frame(SETTINGS, struct.pack(">HI", 1, (number % 2) << 31)) for number in range(20_000)
    ),
    "priorities": lambda path: frame(PRIORITY, bytes(5), 1) * 20_000,
    "alternative services": lambda path: frame(ALTSVC, bytes(2) + b"x" * 1000, 1) * 20_000,
    "windows": lambda path: frame(WINDOW_UPDATE, struct.pack(">I", 1)) * 20_000,
    "empty data": lambda path: frame(HEADERS, call(path), 1, END_HEADERS) + frame(DATA, b"", 1) * 20_000,
    "bytes of data": lambda path: frame(HEADERS, call(path), 1, END_HEADERS) + frame(DATA, b"x", 1) * 20_000,
    "frames of an unknown type": lambda path: frame(0xBA, b"x") * 20_000,
    "large frames of an unknown type": lambda path: frame(0xBA, bytes(16_000)) * 1000,
    "a head without end": lambda path: frame(HEADERS, call(path), 1) + frame(CONTINUATION, b"", 1) * 20_000,
    "a large head": lambda path: (
        frame(HEADERS, call(path, ("x", "y" * 16_000)), 1)
        + frame(CONTINUATION, call(path, ("x", "y" * 16_000)), 1) * 60
    ),
    "a frame that is too large": lambda path: frame(PING, bytes(1 << 23)),
}


@pytest.mark.parametrize("system", PATHS)
@pytest.mark.parametrize("flood", FLOODS)
def test_a_flood_ends_with_goodbye_and_disturbs_nobody(server: Serving, system: str, flood: str) -> None:
    """Before, 20,000 calls that are reset at once stopped the event loop for 2.1 s."""
    data = FLOODS[flood](PATHS[system])

    def attack() -> int | None:
        with connected(grpc_address(server, system)) as attacker:
            with contextlib.suppress(ConnectionError):
                attacker.sendall(BEGINNING + data)
            return goodbye(attacker)

    code = undisturbed(server, attack)
    assert code is not None
    if flood not in ("calls without end", "a head without end"):  # h2 has limits of its own for these
        assert code == ENHANCE_YOUR_CALM
    assert cost_s(server, attack) < 0.5


@pytest.mark.parametrize("system", PATHS)
def test_calls_that_are_refused_one_after_another_end_with_goodbye(server: Serving, system: str) -> None:
    head = call("/none")
    with connected(grpc_address(server, system)) as attacker:
        attacker.sendall(BEGINNING)
        received, kinds, stream = b"", Counter[int](), 1
        while stream < 10_000 and not kinds[GOAWAY]:
            attacker.sendall(b"".join(frame(HEADERS, head, stream + 2 * n, END_HEADERS) for n in range(50)))
            stream += 100
            while kinds[HEADERS] < stream // 2 and not kinds[GOAWAY]:
                data = attacker.recv(1 << 20)
                assert data
                received += data
                kinds = Counter(kind for kind, _ in frames_of(received))
    assert kinds[GOAWAY] == 1
    assert kinds[HEADERS] >= 500


def closed(connections: list[socket.socket], enough: int) -> int:
    """Wait until the server has closed enough of the connections; return how many it has closed."""
    count = 0
    with selectors.DefaultSelector() as selector:
        for connection in connections:
            selector.register(connection, selectors.EVENT_READ)
        while count < enough and (ready := selector.select(20)):
            for key, _ in ready:
                try:
                    ended = not key.fileobj.recv(1000)  # type: ignore[union-attr]
                except ConnectionError:
                    ended = True
                if ended:
                    selector.unregister(key.fileobj)
                    count += 1
    return count


@pytest.mark.parametrize("system", PATHS)
def test_idle_connections_disturb_nobody(tmp_path: Path, system: str) -> None:
    def attack() -> int:
        with contextlib.ExitStack() as stack:
            idle = []
            for number in range(500):
                idle.append(stack.enter_context(connected(grpc_address(small, system))))
                idle[-1].sendall(BEGINNING if number % 2 else b"")
            # For each new connection, one that was idle is closed.
            return closed(idle, 400)

    text = "viam: {port: 0}, clarifai: {port: 0}, limits: {connections_per_address: 100}"
    with serving(tmp_path, text) as small:
        assert undisturbed(small, attack) >= 400
        assert small.client.get("/api/cameras").status_code == 200


def test_a_call_that_declares_too_much_reserves_no_memory(server: Serving) -> None:
    before = peak_memory(server)
    with contextlib.ExitStack() as stack:
        for _ in range(20):
            attacker = stack.enter_context(connected(grpc_address(server, "Clarifai")))
            path = PATHS["Clarifai"]
            message = struct.pack(">?I", False, 120_000_000) + bytes(10)
            attacker.sendall(BEGINNING + frame(HEADERS, call(path), 1, END_HEADERS) + frame(DATA, message, 1))
        assert server.client.get("/healthz").status_code == 200
    assert peak_memory(server) - before < 20_000_000


@pytest.mark.parametrize("system", PATHS)
def test_settings_that_nobody_knows_take_no_memory(server: Serving, system: str) -> None:
    """Before, 387 kB of them took 54 MB, for as long as the connection was open."""
    before = peak_memory(server)
    with contextlib.ExitStack() as stack:
        for _ in range(4):
            attacker = stack.enter_context(connected(grpc_address(server, system)))
            attacker.sendall(BEGINNING + b"".join(frame(SETTINGS, settings(32, 32 * number)) for number in range(450)))
            attacker.sendall(frame(PING, b"12345678"))
            received = b""
            while (PING, b"12345678") not in frames_of(received):
                received += attacker.recv(1 << 20)
        assert peak_memory(server) - before < 15_000_000


@pytest.mark.parametrize("system", PATHS)
def test_heads_of_many_fields_disturb_nobody(server: Serving, system: str) -> None:
    """Before, 16 such heads were read at once. So many are within the credit."""
    heads = calls_of_many_fields("/none", 16)

    def attack() -> None:
        with connected(grpc_address(server, system)) as attacker:
            attacker.sendall(BEGINNING + heads + frame(PING, b"12345678"))
            received = b""
            while (PING, b"12345678") not in frames_of(received):
                data = attacker.recv(1 << 20)
                assert data
                received += data

    undisturbed(server, attack)


def timed(limit: str, stream: int = 1) -> bytes:
    """Return a call whose client waits so long, with an empty message."""
    head = call(PATHS["Clarifai"], ("grpc-timeout", limit))
    return frame(HEADERS, head, stream, END_HEADERS) + frame(DATA, bytes(5), stream, END_STREAM)


@pytest.mark.parametrize("system", PATHS)
@pytest.mark.parametrize("limit", ["0S", "1n", "999u"])
def test_a_call_that_is_over_when_it_arrives_is_answered_without_a_log_line(
    server: Serving, system: str, limit: str
) -> None:
    """Before, each wrote a traceback."""
    before = server.errors()
    decoder, heads = hpack.Decoder(), list[bytes]()
    with connected(grpc_address(server, system)) as attacker:
        attacker.sendall(BEGINNING + b"".join(timed(limit, stream) for stream in range(1, 201, 2)))
        received = b""
        while len(heads) < 100:
            data = attacker.recv(1 << 20)
            assert data
            received += data
            heads = [content for kind, content in frames_of(received) if kind == HEADERS]
    assert all(fields(decoder, head)["grpc-status"] == "4" for head in heads)
    assert server.errors() == before


@pytest.mark.parametrize("system", PATHS)
def test_heads_are_remembered_within_limits(server: Serving, system: str) -> None:
    """Before, each reply searched all heads that a client wanted to be remembered, up to 4 GB of them."""
    decoder = hpack.Decoder()
    decoder.max_allowed_table_size = 2**32 - 1
    with connected(grpc_address(server, system)) as attacker:
        attacker.sendall(BEGINNING + frame(SETTINGS, struct.pack(">HI", 1, 2**32 - 1)))
        attacker.sendall(frame(HEADERS, call("/none"), 1, END_HEADERS))
        received = b""
        while not (heads := [content for kind, content in frames_of(received) if kind == HEADERS]):
            received += attacker.recv(1 << 20)
    assert fields(decoder, heads[0])[":status"] == "200"
    assert decoder.header_table_size == 4096


@pytest.mark.parametrize(
    "data",
    [
        b"\x00" * 100,
        BEGINNING + frame(HEADERS, b"\xff" * 50, 1, END_HEADERS),
        BEGINNING + frame(HEADERS, call("/x")[:20], 1, END_HEADERS),
        BEGINNING + frame(HEADERS, call("/x", ("x-bin", "%%%")), 1, END_HEADERS) + frame(PING, bytes(7)),
        BEGINNING + frame(HEADERS, b"\x40\x01x\x01\xe9", 1, END_HEADERS) + frame(PING, bytes(7)),
        BEGINNING + frame(RST_STREAM, bytes(4), 7),
        BEGINNING + frame(PUSH_PROMISE, struct.pack(">I", 2) + call("/x"), 1, END_HEADERS),
        BEGINNING + frame(WINDOW_UPDATE, bytes(4)),
        BEGINNING + timed("-1S") + timed("9" * 5000 + "H", 3) + timed("9" * 4000 + "n", 5),
        BEGINNING + frame(SETTINGS, struct.pack(">HI", 5, 0)),
    ],
)
def test_malformed_frames_write_nothing_to_the_log(server: Serving, data: bytes) -> None:
    before = server.errors()
    for system in PATHS:
        with connected(grpc_address(server, system)) as attacker:
            attacker.sendall(data)
            with contextlib.suppress(OSError):
                attacker.shutdown(socket.SHUT_WR)
            assert closed_by_server(attacker)
    assert server.client.get("/healthz").status_code == 200
    said = server.errors().removeprefix(before)
    assert "ERROR" not in said and "Traceback" not in said
