"""What a trusted proxy says of a request, and the path prefix below which it serves us."""

from __future__ import annotations

import logging

from fastapi import Request
from starlette.types import Scope

from pipeline import ServerConfig, base_path_of

from ...core import TrustedProxies

logger = logging.getLogger(__name__)

ABORT = "camweave.abort"
"""Key in the scope of a function that resets the connection of a request."""
CHARGE = "camweave.charge"
"""Key of a function in the scope of a request: with the address of its client, who pays for what it costs."""
_BASE_PATH = "camweave.base_path"  # key in the scope


class Forwarded:
    """Turns each request into the one that its client has sent to the proxy.

    Args:
        config: The server's configuration, with ``trusted_proxies`` and ``base_path``.
    """

    def __init__(self, config: ServerConfig) -> None:
        self._proxies = TrustedProxies(config.trusted_proxies)
        self._base_path = config.base_path
        self._warned = False

    def scope_of(self, scope: Scope) -> Scope:
        """Return the scope of a request with address, scheme, host and path as its client sees them.

        The path has no prefix, whether the proxy has removed it or not; :func:`base_path` returns the prefix.
        """
        peer = scope["client"][0] if scope.get("client") else ""
        changed: Scope = {**scope, _BASE_PATH: self._base_path}
        if peer in self._proxies:
            self._believe(changed, peer)
        elif not self._warned and any(name.startswith(b"x-forwarded-") for name, _ in scope["headers"]):
            self._warned = True
            logger.warning(
                "X-Forwarded headers from %s are ignored; if that is your proxy, add it to server.trusted_proxies", peer
            )
        prefix: str = changed[_BASE_PATH]
        if prefix and scope["path"].startswith(f"{prefix}/"):
            changed["path"] = scope["path"][len(prefix) :]
            if scope.get("raw_path", b"").startswith(prefix.encode()):
                changed["raw_path"] = scope["raw_path"][len(prefix) :]
        return changed

    def _believe(self, scope: Scope, peer: str) -> None:
        said = {name: _values(scope, name) for name in (b"for", b"proto", b"host", b"prefix")}
        client = self._proxies.client_of(peer, ",".join(said[b"for"]))
        if client != peer:
            scope["client"] = (client, 0)
        if CHARGE in scope:
            scope[CHARGE](client)
        # The last value is that of the proxy next to us; a client can have sent the others.
        if said[b"proto"] and (scheme := said[b"proto"][-1].lower()) in ("http", "https"):
            scope["scheme"] = scheme
        if said[b"host"]:
            headers = [(name, value) for name, value in scope["headers"] if name != b"host"]
            scope["headers"] = [(b"host", said[b"host"][-1].encode("latin-1")), *headers]
        if said[b"prefix"]:
            try:
                scope[_BASE_PATH] = base_path_of(said[b"prefix"][-1])
            except ValueError as error:
                logger.debug("X-Forwarded-Prefix is ignored: it %s", error)


def base_path(request: Request) -> str:
    """Return what stands before our paths in the addresses that the client uses; empty for the root."""
    found: str = request.scope.get(_BASE_PATH, "")
    return found


def start_page_of(scope: Scope) -> str | None:
    """Return the path of the start page, for a request for the path prefix itself; ``None`` for all others.

    The addresses in pages are relative, so the start page must end with a slash.
    """
    prefix: str = scope.get(_BASE_PATH, "")
    if not prefix or scope["path"] != prefix:
        return None
    query = scope["query_string"].decode("latin-1")
    return f"{prefix}/?{query}" if query else f"{prefix}/"


def _values(scope: Scope, name: bytes) -> list[str]:
    wanted = b"x-forwarded-" + name
    lines = [value.decode("latin-1") for header, value in scope["headers"] if header == wanted]
    return [value.strip() for value in ",".join(lines).split(",") if value.strip()]
