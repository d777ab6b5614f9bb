"""Middleware that checks access before the app, and adds security headers to every response.

Every web page opened on a private network can reach a server there. The middleware refuses two attacks: a foreign name
that resolves to this server (DNS rebinding), by the ``Host`` header, and requests from foreign pages, by the headers
that the browser adds (``Sec-Fetch-Site``, ``Origin``). Other programs send neither header and are not affected.

On a server with tokens, a request without one reaches only endpoints without data. Any other request is refused before
it is routed, its body is read or a camera is opened.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
from collections.abc import Iterable, Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..core import RequestError, Tokens, Unavailable
from .messages import Extension, HttpError, error_response, response_to

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
PUBLIC_PATHS = frozenset({"/", "/run", "/docs", "/healthz", "/readyz"})
"""Paths that need no token: the pages, which prompt for it, and the health checks."""
PUBLIC_FOLDER = "/page/"
UNAUTHENTICATED = "camweave.unauthenticated"
"""Key in the scope of a request that is answered although it has no valid token."""
DEFAULT_HEADERS = {
    "Cache-Control": "no-store",  # the files of the pages have their own
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


class AccessMiddleware:
    """Refuses requests that must not reach the app, and adds default headers to responses.

    Args:
        app: The next app.
        names: Host names of the server, besides IP addresses, ``localhost`` and the machine's own name.
        tokens: The tokens; every request for data must have one of them.
        extensions: The extensions; each may have its own error format.
        open_options: Path prefixes, such as ``/whep/``, below which OPTIONS needs no token.
    """

    def __init__(
        self,
        app: ASGIApp,
        names: Iterable[str] = (),
        tokens: Tokens | None = None,
        extensions: Sequence[Extension] = (),
        open_options: Sequence[str] = (),
    ) -> None:
        self.app = app
        self.extensions = extensions
        self.open_options = tuple(open_options)
        self.tokens = Tokens() if tokens is None else tokens
        own = socket.gethostname().lower()
        self.names = frozenset({"localhost", own, f"{own.split('.')[0]}.local", *(name.lower() for name in names)})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        started = False

        async def send_completed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                headers = MutableHeaders(scope=message)
                for name, value in DEFAULT_HEADERS.items():
                    headers.setdefault(name, value)
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        error = self._error(scope["method"], Headers(scope=scope))
        if error is not None:
            await response_to(error)(scope, receive, send_completed)
            return
        method, path = "GET" if head else scope["method"], scope["path"]
        if not (method == "GET" and (path in PUBLIC_PATHS or path.startswith(PUBLIC_FOLDER))):
            refusal = self._refusal(scope)
            if refusal is not None and method == "OPTIONS" and path.startswith(self.open_options):
                scope = {**scope, UNAUTHENTICATED: True}
            elif refusal is not None:
                response = error_response(self.extensions, method, path, refusal)
                await response(scope, receive, send_completed)
                return
        try:
            # Every endpoint answers HEAD as GET, without the body.
            await self.app({**scope, "method": method}, receive, send_completed)
        except asyncio.CancelledError:  # the server is shutting down and no longer waits for its requests
            if not started:
                await response_to(Unavailable("the server is closing"))(scope, receive, send_completed)

    def _refusal(self, scope: Scope) -> RequestError | None:
        values = [value for name, value in scope["headers"] if name == b"authorization"]
        return self.tokens.refusal(values, scope["client"][0] if scope.get("client") else "")

    def _error(self, method: str, headers: Headers) -> HttpError | None:
        host = headers.get("host")
        if host is not None and not self._is_own_host(host):
            return HttpError(403, "the name in the Host header is not one of this server's")
        if self._is_cross_site(method, headers, host):
            return HttpError(403, "pages of other sites may link here, but not send requests")
        return None

    def _is_own_host(self, host: str) -> bool:
        name = _host_name(host)
        if name is None:
            return False
        if name in self.names or name.endswith(".localhost"):
            return True
        try:
            ipaddress.ip_address(name)
        except ValueError:
            return False
        return True

    @staticmethod
    def _is_cross_site(method: str, headers: Headers, host: str | None) -> bool:
        site = headers.get("sec-fetch-site")
        if site is not None and site not in ("same-origin", "none"):
            # Another site may only link here.
            return method in UNSAFE or headers.get("sec-fetch-mode") != "navigate"
        origin = headers.get("origin")
        if site is None and origin is not None and method in UNSAFE:
            return host is None or urlsplit(origin).netloc.lower() != host.lower()
        return False


def _host_name(host: str) -> str | None:
    """Return the name or address in a ``Host`` header, without port and brackets; ``None`` if it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        port = parts.port
    except ValueError:
        return None
    plain = parts.hostname is not None and parts.netloc == host and parts.username is None and port != 0
    return parts.hostname.rstrip(".") if plain and parts.hostname else None
