from __future__ import annotations

import asyncio

import pytest
from aioice import Connection

from pipeline import ServerConfig
from streams.webrtc.ice import IceSettings, default_addresses, ice_settings, restrict


@pytest.mark.parametrize(
    ("host", "addresses"), [("127.0.0.1", ("127.0.0.1",)), ("localhost", ("127.0.0.1",)), ("::1", ("::1",))]
)
def test_a_loopback_server_offers_loopback(host: str, addresses: tuple[str, ...]) -> None:
    assert default_addresses(host) == addresses


@pytest.mark.parametrize("host", ["0.0.0.0", "192.0.2.1", "camera.example.org"])
def test_another_server_offers_every_address_but_loopback(host: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        "streams.webrtc.ice.get_host_addresses", lambda use_ipv4, use_ipv6: ["192.0.2.1", "2001:db8::1"]
    )
    assert default_addresses(host) == ("192.0.2.1", "2001:db8::1")


def test_a_machine_without_a_network_offers_loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.webrtc.ice.get_host_addresses", lambda use_ipv4, use_ipv6: [])
    assert default_addresses("0.0.0.0") == ("127.0.0.1",)


def test_by_default_no_stun_or_turn_server_is_used() -> None:
    assert ice_settings(ServerConfig()) == IceSettings(servers=(), addresses=("127.0.0.1",), advertise=(), ports=None)


def test_the_configuration_sets_servers_addresses_and_ports() -> None:
    config = ServerConfig.model_validate(
        {
            "host": "0.0.0.0",
            "ice": {
                "servers": [{"urls": ["turn:turn.example.org:3478"], "username": "cam", "credential": "secret"}],
                "addresses": ["192.0.2.1"],
                "advertise": ["203.0.113.7"],
                "udp_ports": "50000-50100",
            },
        }
    )
    settings = ice_settings(config)
    assert (settings.addresses, settings.advertise) == (("192.0.2.1",), ("203.0.113.7",))
    assert settings.ports == range(50_000, 50_101)
    (server,) = settings.servers
    assert (server.urls, server.username, server.credential) == (["turn:turn.example.org:3478"], "cam", "secret")


def test_an_advertised_address_gets_the_ports_of_its_own_ip_version() -> None:
    async def gathered() -> dict[str, set[int]]:
        connection = Connection(ice_controlling=False)
        settings = IceSettings(addresses=("127.0.0.1", "::1"), advertise=("203.0.113.7", "2001:db8::7"))
        restrict(connection, settings)
        ports: dict[str, set[int]] = {}
        try:
            for candidate in await connection.get_component_candidates(1, []):
                ports.setdefault(candidate.host, set()).add(candidate.port)
        finally:
            await connection.close()
        return ports

    ports = asyncio.run(gathered())
    assert ports["127.0.0.1"].isdisjoint(ports["::1"])
    assert (ports["203.0.113.7"], ports["2001:db8::7"]) == (ports["127.0.0.1"], ports["::1"])
