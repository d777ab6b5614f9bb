"""The addresses at which a server can be opened, and how to open it to other machines."""

from __future__ import annotations

from collections.abc import Sequence
from socket import socket

from pipeline import ServerConfig
from streams import default_addresses

from ..program import host_and_port, is_loopback


def urls_of(config: ServerConfig, sock: socket, scheme: str = "http") -> tuple[str, ...]:
    """Return the URL of the start page at each address, beginning with the one for this machine.

    A server that listens on all addresses has one for each: no browser can open ``0.0.0.0``.

    Args:
        config: The server's configuration.
        sock: The socket that listens.
        scheme: ``http`` or ``https``.
    """
    bound, port = sock.getsockname()[:2]
    return tuple(_url(config, scheme, host, port) for host in _hosts(config, bound))


def url_for_others(config: ServerConfig) -> str:
    """Return the URL of the start page that other machines can most likely open, without a server that runs."""
    scheme = "http" if config.tls is None else "https"
    *_, host = _hosts(config, config.host)[:2]  # the first that is not for this machine only
    return _url(config, scheme, host, config.port)


def _url(config: ServerConfig, scheme: str, host: str, port: int) -> str:
    return f"{scheme}://{host_and_port(host, port)}{config.base_path}/"


def _hosts(config: ServerConfig, bound: str) -> list[str]:
    if bound not in ("0.0.0.0", "::"):
        return [config.host]
    others = [address for address in default_addresses(bound) if ":" not in address or ":" in bound]
    return list(dict.fromkeys(["127.0.0.1", *others]))


def hints_for_others(config: ServerConfig, urls: Sequence[str] = ()) -> tuple[str, ...]:
    """Return lines that say how other machines open the server, or what they still need.

    Args:
        config: The server's configuration.
        urls: The URLs for other machines.
    """
    if not is_loopback(config.host):
        return tuple(f"From other machines: {url}" for url in urls)
    if config.names or config.trusted_proxies or config.base_path:  # behind a proxy
        if config.ice.addresses or config.ice.advertise:
            return ()
        return (
            "Only this machine gets video. For others behind the proxy: server.ice.addresses (docs/deployment.md).",
        )
    token = "" if config.tokens else " --token TOKEN"
    return (
        f"Only this machine can open it. For others: camweave serve --host 0.0.0.0{token}, or a proxy "
        "(docs/deployment.md).",
    )
