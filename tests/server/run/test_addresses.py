"""The addresses that ``serve`` prints."""

import socket

import pytest

from pipeline import ServerConfig
from pipeline.config.declarations.server import IceConfig
from server.run import hints_for_others
from server.run.addresses import urls_of


@pytest.mark.parametrize(
    ("host", "base_path", "expected"),
    [
        ("127.0.0.1", "", ["http://127.0.0.1:{port}/"]),
        ("localhost", "/cams", ["http://localhost:{port}/cams/"]),
        ("::1", "", ["http://[::1]:{port}/"]),
        ("0.0.0.0", "", ["http://127.0.0.1:{port}/", "http://192.0.2.1:{port}/"]),
        ("::0", "", ["http://127.0.0.1:{port}/", "http://192.0.2.1:{port}/", "http://[2001:db8::1]:{port}/"]),
        ("::", "", ["http://127.0.0.1:{port}/", "http://192.0.2.1:{port}/", "http://[2001:db8::1]:{port}/"]),
    ],
)
def test_each_address_that_works_is_listed(
    host: str, base_path: str, expected: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("streams.webrtc.ice.get_host_addresses", lambda **_: ["192.0.2.1", "2001:db8::1"])
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as sock:
        sock.bind((host, 0))
        port = sock.getsockname()[1]
        urls = urls_of(ServerConfig(host=host, base_path=base_path), sock)
    assert list(urls) == [url.format(port=port) for url in expected]


def test_a_machine_without_a_network_has_one_address(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("streams.webrtc.ice.get_host_addresses", lambda **_: [])
    with socket.create_server(("0.0.0.0", 0)) as sock:
        urls = urls_of(ServerConfig(host="0.0.0.0"), sock, "https")
        assert urls == (f"https://127.0.0.1:{sock.getsockname()[1]}/",)


def test_on_loopback_it_says_how_to_let_others_in() -> None:
    assert hints_for_others(ServerConfig()) == (
        "Only this machine can open it. For others: camweave serve --host 0.0.0.0 --token TOKEN, or a proxy "
        "(docs/deployment.md).",
    )
    (with_tokens,) = hints_for_others(ServerConfig(tokens=("correct-horse-battery",)))
    assert "--token" not in with_tokens


@pytest.mark.parametrize(
    "config",
    [
        ServerConfig(names=("cam.example.org",)),
        ServerConfig(trusted_proxies=("127.0.0.1/32",)),
        ServerConfig(base_path="/cams"),
    ],
)
def test_behind_a_proxy_it_says_how_video_reaches_others(config: ServerConfig) -> None:
    assert hints_for_others(config) == (
        "Only this machine gets video. For others behind the proxy: server.ice.addresses (docs/deployment.md).",
    )
    assert hints_for_others(config.model_copy(update={"ice": IceConfig(addresses=("192.0.2.7",))})) == ()


def test_a_server_for_others_lists_the_addresses_that_they_can_open() -> None:
    config = ServerConfig(host="0.0.0.0")
    assert hints_for_others(config, ["http://192.0.2.1:8080/"]) == ("From other machines: http://192.0.2.1:8080/",)
    assert hints_for_others(ServerConfig(host="192.0.2.1")) == ()
