from __future__ import annotations

import pytest
from aiortc import RTCIceServer

from streams.webrtc.candidates import PORTS_MAX, PeerCandidates
from streams.webrtc.ice import IceSettings

LAN = IceSettings(addresses=("192.168.1.2", "2a00:1450::2"))
SERVERS = IceSettings(servers=(RTCIceServer("stun:stun.example.org"),), addresses=("192.168.1.2",))
LINK_LOCAL = IceSettings(addresses=("169.254.7.7",))


def candidate(host: str, port: int | str = 50000, transport: str = "udp") -> str:
    return f"1 1 {transport} 2122260223 {host} {port} typ host"


@pytest.mark.parametrize(
    ("ice", "host"),
    [
        (IceSettings(), "127.0.0.1"),
        (IceSettings(addresses=("127.0.0.1", "10.0.0.2")), "127.0.0.1"),
        (LAN, "192.168.1.3"),
        (LAN, "10.1.2.3"),
        (LAN, "100.64.0.1"),
        (IceSettings(addresses=("fd12::2",)), "fd12::1"),
        (SERVERS, "8.8.8.8"),
        (SERVERS, "2a00:1450::1"),
        (LINK_LOCAL, "169.254.1.1"),
    ],
)
def test_the_address_of_a_possible_peer_is_tried(ice: IceSettings, host: str) -> None:
    assert PeerCandidates(ice).takes(candidate(host))


@pytest.mark.parametrize(
    ("ice", "host"),
    [
        (LAN, "127.0.0.1"),
        (LAN, "::1"),
        (IceSettings(), "192.168.1.3"),
        (IceSettings(), "8.8.8.8"),
        (LAN, "8.8.8.8"),
        (LAN, "2a00:1450::1"),
        (SERVERS, "192.0.2.1"),
        (IceSettings(addresses=("8.8.8.8",)), "10.0.0.1"),
        (LAN, "fd12::1"),
        *((ice, host) for ice in (LAN, SERVERS) for host in (
            "0.0.0.0", "224.0.0.251", "239.255.255.250", "255.255.255.255", "240.0.0.1", "169.254.169.254", "::",
            "ff02::1", "fe80::1", "::ffff:10.0.0.1", "64:ff9b::a00:1", "2002:a00:1::", "b1c2.local", "example.org",
            "fd12::1%eth0",
        )),
        (LINK_LOCAL, "fe80::1"),
    ],
)  # fmt: skip
def test_any_other_address_is_not_tried(ice: IceSettings, host: str) -> None:
    assert not PeerCandidates(ice).takes(candidate(host))


@pytest.mark.parametrize("port", ["0", "65536", "99999999999999999999"])
def test_an_invalid_port_is_not_tried(port: str) -> None:
    assert not PeerCandidates().takes(candidate("127.0.0.1", port))


def test_only_udp_is_tried() -> None:
    assert not PeerCandidates().takes(candidate("127.0.0.1", 9, "tcp"))


def test_malformed_candidates_are_left_to_the_parser() -> None:
    candidates = PeerCandidates(limit=0)
    assert candidates.takes("nonsense") and candidates.takes(candidate("127.0.0.1", "port"))


def test_candidates_beyond_the_limit_are_not_tried_and_repeated_ones_count_once() -> None:
    candidates = PeerCandidates(LAN, limit=3)
    taken = [n for n in (1, 1, 2, 2, 1, 3, 4, 5, 2) if candidates.takes(candidate(f"10.0.0.{n}"))]
    assert taken == [1, 1, 2, 2, 1, 3, 2]


def test_one_address_has_few_ports() -> None:
    candidates = PeerCandidates(LAN)
    taken = [port for port in range(1000, 1100) if candidates.takes(candidate("10.0.0.1", port))]
    assert len(taken) == PORTS_MAX
    assert candidates.takes(candidate("10.0.0.2"))


def test_another_spelling_of_an_address_is_the_same_address() -> None:
    candidates = PeerCandidates(IceSettings(addresses=("fd12::2",)))
    spellings = ["fd12::1", "FD12::1", "fd12:0::1", "fd12:0:0::1"]
    taken = [port for port in range(1000, 1100) if candidates.takes(candidate(spellings[port % 4], port))]
    assert len(taken) == PORTS_MAX
