"""How packets leave, on a connection and over UDP."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Iterator

import pytest

from streams import MediaPorts, open_media_ports
from streams.rtsp import ports as ports_module
from streams.rtsp.delivery import BEHIND_BYTES, TcpDelivery, UdpDelivery
from streams.rtsp.transports import Channels, ClientPorts

from .fakes import listening, received, udp_socket

pytestmark = pytest.mark.anyio


def test_packets_on_a_connection_have_their_channel_and_length() -> None:
    sent: list[bytes] = []
    delivery = TcpDelivery(Channels(4, 5), sent.append, lambda: 0)
    assert delivery.transport == "RTP/AVP/TCP;unicast;interleaved=4-5"
    assert delivery.path.send(memoryview(b"aaaabbbbcc"), 4) == 3
    delivery.send_report(b"report")
    assert sent == [b"$\x04\x00\x04aaaa$\x04\x00\x04bbbb$\x04\x00\x02cc", b"$\x05\x00\x06report"]
    delivery.close()


def test_a_reader_is_behind_when_two_seconds_of_its_stream_wait() -> None:
    waiting = 0
    delivery = TcpDelivery(Channels(0, 1), lambda data: None, lambda: waiting)
    least, most = BEHIND_BYTES
    for rate, limit in ((0, least), (8_000_000, 2_000_000), (1_000_000_000, most)):
        waiting = limit
        assert not delivery.is_behind(rate)
        waiting += 1
        assert delivery.is_behind(rate)


@pytest.fixture
def server() -> Iterator[socket.socket]:
    with listening() as sock:
        yield sock


@pytest.fixture
def client() -> Iterator[socket.socket]:
    with udp_socket() as sock:
        yield sock


def opened(server: socket.socket) -> MediaPorts:
    """Return the ports of a server."""
    ports = open_media_ports(server)
    assert ports is not None
    return ports


async def test_video_and_reports_go_to_the_ports_of_the_client_and_reports_come_from_there(
    server: socket.socket, client: socket.socket
) -> None:
    ports, came = opened(server), asyncio.Queue[bytes]()
    number = client.getsockname()[1]
    try:
        delivery = UdpDelivery(ClientPorts(number, number, "RTP/AVP/UDP"), ("127.0.0.1", 1), ports, came.put_nowait)
        assert delivery.transport == (
            f"RTP/AVP/UDP;unicast;client_port={number}-{number};server_port={ports.rtp}-{ports.rtcp}"
        )
        assert delivery.path.send(memoryview(b"aabb"), 2) == 2
        assert {await received(client), await received(client)} == {b"aa", b"bb"}
        delivery.send_report(b"report")
        assert await received(client) == b"report"
        assert delivery.overlaps(ClientPorts(number - 1, number)) and not delivery.overlaps(ClientPorts(1, 2))
        with udp_socket() as stranger:
            stranger.sendto(b"strange", ("127.0.0.1", ports.rtcp))
        client.sendto(b"mine", ("127.0.0.1", ports.rtcp))
        async with asyncio.timeout(5):
            assert await came.get() == b"mine"
        delivery.close()
        other = UdpDelivery(ClientPorts(number, number), ("127.0.0.1", 1), ports, came.put_nowait)
        delivery.close()  # again: the other one stays
        assert other.overlaps(ClientPorts(number, 1)) and not delivery.overlaps(ClientPorts(number, 1))
        client.sendto(b"again", ("127.0.0.1", ports.rtcp))
        async with asyncio.timeout(5):
            assert await came.get() == b"again"
        other.close()
    finally:
        ports.close()
        ports.close()


async def test_the_ports_are_even_and_odd_at_the_address_of_the_server(server: socket.socket) -> None:
    ports = opened(server)
    ports.close()
    assert ports.rtp % 2 == 0 and ports.rtcp == ports.rtp + 1
    assert ports.rtp - server.getsockname()[1] in (0, 1, 2, 3)


async def test_without_free_ports_there_is_only_tcp(
    server: socket.socket, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(ports_module, "_bound", lambda sock, address: None)
    assert open_media_ports(server) is None
    assert "its clients get video over TCP only" in caplog.text


async def test_a_pair_of_which_one_is_taken_is_passed_over(server: socket.socket) -> None:
    first = opened(server)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as other:
        first.close()
        other.bind(("127.0.0.1", first.rtcp))
        second = opened(server)
        second.close()
        assert second.rtp != first.rtp


async def test_a_server_of_all_addresses_has_ports_for_both_versions() -> None:
    sock = socket.socket(socket.AF_INET6, socket.SOCK_STREAM)
    with sock, udp_socket() as client:
        sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0)
        sock.bind(("::", 0))
        sock.listen()
        ports = opened(sock)
        try:
            number = client.getsockname()[1]
            delivery = UdpDelivery(ClientPorts(number, number), ("::ffff:127.0.0.1", 1, 0, 0), ports, len)
            assert delivery.path.send(memoryview(b"aa"), 2) == 1
            assert await received(client) == b"aa"
        finally:
            ports.close()
