"""Connections: their number, their heads, and clients that do not read."""

from __future__ import annotations

import asyncio
import contextlib
import os
import resource
import select
import socket
import threading
import time
from pathlib import Path

import pytest
from aiortc import RTCConfiguration, RTCPeerConnection

from tests.serving import Serving

from .attacks import (
    DETECT,
    address,
    answer,
    closed_by_server,
    connected,
    cost_s,
    grpc_address,
    head,
    rtsp_address,
    serving,
    undisturbed,
)


async def sdp_offer() -> str:
    """Return what a viewer offers."""
    connection = RTCPeerConnection(RTCConfiguration(iceServers=[]))
    connection.addTransceiver("video", direction="recvonly")
    await connection.setLocalDescription(await connection.createOffer())
    sdp: str = connection.localDescription.sdp
    await connection.close()
    return sdp


@pytest.mark.parametrize(
    "lines",
    [["X: " + "y" * 40_000], [f"X{number}: y" for number in range(101)], ["X: " + "y" * 31_000, "Z: " + "y" * 1_800]],
    ids=["bytes", "lines", "just above"],
)
def test_a_head_that_is_too_large_is_refused(tmp_path: Path, lines: list[str]) -> None:
    with serving(tmp_path) as server, connected(address(server)) as large:
        large.sendall(head("/healthz", *lines, method="GET"))
        response = answer(large)
        assert (response.status, response.getheader("Content-Type")) == (431, "application/problem+json")
        assert b"at most 100 lines, 1000 parameters and 32768 bytes" in response.read()
        assert closed_by_server(large)


def test_heads_and_trailers_of_many_lines_cost_little(tmp_path: Path) -> None:
    """Before, each took 35 ms."""
    lines = [f"a{number}: b" for number in range(2500)]
    many = head("/healthz", *lines, method="GET")
    trailers = "\r\n".join(["0", *lines, "", ""]).encode()
    late = head("/sign-out", "Transfer-Encoding: chunked") + trailers

    def attack(request: bytes) -> None:
        for _ in range(100):
            with connected(address(server)) as costly:
                with contextlib.suppress(ConnectionError):
                    costly.sendall(request)
                closed_by_server(costly)

    with serving(tmp_path) as server:
        assert cost_s(server, lambda: attack(many)) < 0.7
        assert cost_s(server, lambda: attack(late)) < 1.5
        with connected(address(server)) as refused:
            refused.sendall(many)
            assert answer(refused).status == 431


def test_a_query_of_too_many_parameters_is_refused(tmp_path: Path) -> None:
    """Before, 8000 of them took 20 ms on the event loop."""
    with serving(tmp_path) as server:
        for number, status in ((1000, 200), (1001, 431)):
            assert server.client.get("/healthz?" + "&".join(["a=1"] * number)).status_code == status


def test_a_head_within_the_limit_is_accepted(tmp_path: Path) -> None:
    with serving(tmp_path, "limits: {header_bytes: 60000}") as server, connected(address(server)) as large:
        large.sendall(head("/healthz", "X: " + "y" * 50_000, method="GET"))
        assert answer(large).status == 200


def test_a_thousand_requests_at_once_disturb_nobody(tmp_path: Path) -> None:
    def attack() -> None:
        with connected(address(server)) as hasty:
            many = threading.Thread(target=hasty.sendall, args=(head("/api/cameras", method="GET") * 1000,))
            many.start()
            received, last = 0, b""
            while received < 1000:
                data = last + hasty.recv(1 << 20)
                received += data.count(b"HTTP/1.1 200 ")
                last = data[-12:] if not data.endswith(b"HTTP/1.1 200 ") else b""
            many.join()

    with serving(tmp_path) as server:
        undisturbed(server, attack)


def eventually_healthy(server: Serving) -> None:
    """Wait until the server answers a new connection; it may not have seen yet that others are closed."""
    deadline = time.monotonic() + 20
    while True:
        with contextlib.suppress(ConnectionError), contextlib.closing(connected(address(server))) as fresh:
            fresh.sendall(head("/healthz", method="GET"))
            assert answer(fresh).status == 200
            return
        assert time.monotonic() < deadline


def test_connections_of_all_ports_count_together(tmp_path: Path) -> None:
    limits = "limits: {connections_per_address: 4, connections: 6}"
    text = f"viam: {{port: 0}}, clarifai: {{port: 0}}, rtsp: {{port: 0}}, {limits}"
    with serving(tmp_path, text) as server, contextlib.ExitStack() as stack:
        ports = [address(server), grpc_address(server, "Viam"), grpc_address(server, "Clarifai"), rtsp_address(server)]

        def busy(source: str) -> socket.socket:
            made = stack.enter_context(connected(ports[0], source))
            made.sendall(head(DETECT, "Content-Length: 1000000", "Expect: 100-continue"))
            return made

        def is_accepted(connection: socket.socket) -> bool:
            return bool(connection.recv(100))

        def is_closed(where: tuple[str, int], source: str) -> bool:
            return closed_by_server(stack.enter_context(connected(where, source)))

        assert all([is_accepted(busy("127.0.0.1")) for _ in range(4)])
        assert all(is_closed(where, "127.0.0.1") for where in ports)
        assert all([is_accepted(busy("127.0.0.2")) for _ in range(2)])
        assert all(is_closed(where, "127.0.0.3") for where in ports)
        said = server.errors()
        assert said.count("more than 4 connections from 127.0.0.1; further ones are closed") == 1
        assert said.count("more than 6 connections; further ones are closed") == 1
        stack.close()
        eventually_healthy(server)


def test_connections_of_a_trusted_proxy_are_those_of_many_clients(tmp_path: Path) -> None:
    text = "trusted_proxies: [127.0.0.2], limits: {connections_per_address: 2, connections: 4}"
    with serving(tmp_path, text) as server, contextlib.ExitStack() as stack:
        busy = []
        for source in ("127.0.0.2", "127.0.0.2", "127.0.0.2", "127.0.0.3"):
            busy.append(stack.enter_context(connected(address(server), source)))
            busy[-1].sendall(head(DETECT, "Content-Length: 1000000", "Expect: 100-continue"))
        assert all([connection.recv(100).startswith(b"HTTP/1.1 100 ") for connection in busy])
        assert closed_by_server(stack.enter_context(connected(address(server), "127.0.0.2")))
        stack.close()
        eventually_healthy(server)


def test_idle_connections_make_room(tmp_path: Path) -> None:
    with serving(tmp_path, "limits: {connections_per_address: 3}") as server, contextlib.ExitStack() as stack:
        idle = [stack.enter_context(connected(address(server))) for _ in range(3)]
        for _ in range(3):
            assert server.client.get("/healthz").status_code == 200
        # The client took the place of the connection that was there first.
        assert closed_by_server(idle[0])
        assert not select.select(idle[1:], [], [], 0)[0]


def test_a_client_that_does_not_read_is_disconnected(tmp_path: Path) -> None:
    """Before, 20 of them held 36 MB each for ever."""
    request = head("/schema.json", method="GET") * 200

    def attack() -> None:
        with contextlib.ExitStack() as stack:
            stuck = []
            for _ in range(4):
                made = stack.enter_context(socket.socket())
                made.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
                made.connect(address(server))
                made.sendall(request)
                stuck.append(made)
            for made in stuck:
                # A socket shows that it is reset without anything being read.
                poll = select.poll()
                poll.register(made, 0)
                assert poll.poll(20_000)

    with serving(tmp_path, "limits: {write_s: 0.3}") as server:
        undisturbed(server, attack)
        assert server.errors().count("a client is disconnected: it does not read") == 1


def test_a_client_that_reads_slowly_gets_everything(tmp_path: Path) -> None:
    with serving(tmp_path, "limits: {write_s: 0.2}") as server, socket.socket() as slow:
        slow.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        slow.connect(address(server))
        size = len(server.client.get("/schema.json").content)
        slow.sendall(head("/schema.json", method="GET") * 100)
        received = 0
        while received < 100 * size:
            data = slow.recv(4096)
            assert data
            received += len(data)


def test_without_file_descriptors_the_server_waits_and_recovers(tmp_path: Path) -> None:
    """Before, it wrote 503,713 lines to its log within seconds, and answered offers with 500."""
    sdp = {"Content-Type": "application/sdp"}
    offer = asyncio.run(sdp_offer())
    with serving(tmp_path) as server, contextlib.ExitStack() as stack:
        kept = stack.enter_context(connected(address(server)))
        kept.sendall(head("/healthz", method="GET"))
        assert answer(kept).read()
        assert server.client.get("/api/cameras/pattern/image").status_code == 200
        pid = server.process.pid
        before = resource.prlimit(pid, resource.RLIMIT_NOFILE)
        number = max(map(int, os.listdir(f"/proc/{pid}/fd"))) + 1
        resource.prlimit(pid, resource.RLIMIT_NOFILE, (number, before[1]))
        # Whoever is connected gets answers; what needs another descriptor is unavailable.
        answers = [server.client.post("/whep/pattern", content=offer, headers=sdp) for _ in range(number)]
        assert [refused.status_code for refused in answers if refused.status_code != 201][-1] == 503
        assert "retry-after" in answers[-1].headers
        assert server.client.get("/healthz").status_code == 200
        waiting = []
        for _ in range(100):
            waiting.append(stack.enter_context(connected(address(server))))
            waiting[-1].sendall(head("/healthz", method="GET"))
        assert kept.recv(1) == b"", "it hangs up on who is idle for the longest time when it cannot accept"
        resource.prlimit(pid, resource.RLIMIT_NOFILE, before)
        for connection in waiting:
            assert answer(connection).status == 200
        said = server.errors()
        assert said.count("no connection can be accepted (too many open files)") == 1
        assert "Traceback" not in said
        assert len(said.splitlines()) < 300
