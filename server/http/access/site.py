"""Which names are ours, and which pages may send requests to us.

Every web page opened on a private network can reach a server there. Two attacks are refused: a foreign name that
resolves to this server (DNS rebinding), by the ``Host`` header, and requests from foreign pages, by the headers that
the browser adds (``Sec-Fetch-Site``, ``Origin``). Other programs send none of these and are not affected.
"""

from __future__ import annotations

import ipaddress
import socket
from collections.abc import Mapping
from dataclasses import dataclass
from urllib.parse import urlsplit

from fastapi import Request
from starlette.datastructures import Headers

from pipeline import ServerConfig, origin_of

from ..messages import HttpError
from .cookies import cookie_in

UNSAFE = frozenset({"POST", "PUT", "PATCH", "DELETE"})
EXPOSED = (
    "Accept-Patch, Accept-Post, Allow, ETag, Link, Location, Retry-After, WWW-Authenticate, X-Captured-At, X-Sequence"
)
"""The headers of responses that scripts of allowed origins may read."""
PREFLIGHT = {
    "Access-Control-Allow-Methods": "GET, HEAD, POST, PATCH, DELETE, OPTIONS",
    "Access-Control-Allow-Headers": "Accept, Authorization, Content-Type, If-Match, If-None-Match",
    "Access-Control-Max-Age": "600",
}
SENDER = "camweave.sender"
"""Key of the :class:`Sender` in the scope of a request."""
STARTED_COOKIE = "camweave-start"
"""Set by our pages after the user has started a camera."""
_SHOWN_MAX = 100


@dataclass(frozen=True)
class Sender:
    """Where a request comes from.

    Attributes:
        origin: The origin of the page, as far as the browser says it.
        is_own: Whether nothing says that it comes from a page of another site.
        is_allowed: Whether it comes from a page of an allowed origin.
        is_proven: Whether the browser says that it comes from one of our pages, from the address bar, or from a page
            of an allowed origin.
    """

    origin: str | None
    is_own: bool
    is_allowed: bool
    is_proven: bool


class Site:
    """The names of this server, and the origins whose pages may use it.

    Args:
        config: The server's configuration.
    """

    def __init__(self, config: ServerConfig) -> None:
        own = socket.gethostname().lower()
        self._declared = frozenset(config.names)
        self._names = self._declared | {"localhost", own, f"{own.split('.')[0]}.local", config.host.lower()}
        self._origins = frozenset(config.origins)

    @property
    def has_origins(self) -> bool:
        """Whether responses depend on the origin of the request."""
        return bool(self._origins)

    def sender(self, headers: Headers) -> Sender:
        """Return where a request comes from."""
        site, said = headers.get("sec-fetch-site"), headers.get("origin")
        # Browsers send no Origin with most links, frames and images; a page can suppress the Referer, but not forge it.
        origin = origin_of(_origin_part(headers.get("referer", "")) if said is None else said)
        is_allowed = origin in self._origins
        if site is not None:
            is_own = is_proven = site in ("same-origin", "none")
        else:
            # An old browser; any browser, if the server is neither local nor behind TLS; or another program.
            is_proven = self._is_own_origin(origin, headers.get("host"))
            is_own = is_proven or (said is None and origin is None)
        return Sender(origin or said, is_own, is_allowed, is_proven or is_allowed)

    def refusal(self, method: str, headers: Headers, sender: Sender, *, is_page: bool) -> HttpError | None:
        """Return the error for a request that must not reach the app; ``None`` if it may.

        Args:
            method: The method of the request.
            headers: Its headers.
            sender: Where it comes from.
            is_page: Whether it is for a page, which shows and starts nothing by itself. Every site may link to pages.
        """
        host = headers.get("host")
        if host is not None and (error := self._host_error(host)) is not None:
            return error
        if sender.is_own or sender.is_allowed:
            return None
        # Without these headers a page behind a proxy may be our own, and must load to show why we refuse the rest.
        navigates = "sec-fetch-site" not in headers or headers.get("sec-fetch-mode") == "navigate"
        if is_page and method not in UNSAFE and navigates:
            return None
        if sender.origin in (None, "null"):
            who = "pages of other sites, and pages without an origin such as opened files,"
            mend = "serve the page from its own address and list that in server.origins"
        else:
            who = f"pages of {_shown(sender.origin)}"
            mend = "to allow it, list that origin in server.origins, or in server.names the name that a proxy gives us"
        return HttpError(403, f"{who} may link to this server's pages, but not send requests; {mend}")

    def headers(self, sender: Sender) -> Mapping[str, str]:
        """Return the headers with which a browser hands a response to the page that has requested it."""
        if not sender.is_allowed or sender.origin is None:
            return {}
        return {
            "Access-Control-Allow-Origin": sender.origin,
            "Access-Control-Expose-Headers": EXPOSED,
            "Cross-Origin-Resource-Policy": "cross-origin",
        }

    def _host_error(self, host: str) -> HttpError | None:
        name = _host_name(host)
        if name is None:
            return HttpError(403, f"the Host header {_shown(host)} is neither a host name nor an address")
        if name in self._names or name.endswith(".localhost") or _is_address(name):
            return None
        return HttpError(
            403,
            f"the Host header names {_shown(name)}, which this server does not answer to; if that is one of its "
            "names, add it to server.names",
        )

    def _is_own_origin(self, origin: str | None, host: str | None) -> bool:
        if origin is None or host is None:
            return False
        parts = urlsplit(origin)
        if origin_of(f"{parts.scheme}://{host}") == origin:
            return True
        # A proxy that does not pass the name on serves us at one of our names, at the usual port.
        return parts.port is None and (parts.hostname or "") in self._declared


def starts_by_itself(request: Request) -> bool:
    """Return whether a page may open cameras at once: only if no page of another site can have opened it.

    Over plain HTTP, browsers do not say who has opened a page. There, a cookie counts that our pages set after a click:
    it is SameSite=Strict, so that browsers never send it when a page of another site has opened this one.
    """
    sender: Sender = request.scope[SENDER]
    if sender.is_proven:
        return True
    is_unknown = sender.origin is None and "sec-fetch-site" not in request.headers
    return is_unknown and bool(cookie_in(request.scope, STARTED_COOKIE))


def _origin_part(address: str) -> str:
    scheme, _, rest = address.partition("://")
    return f"{scheme}://{rest.partition('/')[0]}"


def _host_name(host: str) -> str | None:
    """Return the name or address in a ``Host`` header, without port and brackets; ``None`` if it is malformed."""
    try:
        parts = urlsplit(f"//{host}")
        port = parts.port
    except ValueError:
        return None
    plain = parts.hostname is not None and parts.netloc == host and parts.username is None and port != 0
    return parts.hostname.rstrip(".") if plain and parts.hostname else None


def _is_address(name: str) -> bool:
    try:
        ipaddress.ip_address(name)
    except ValueError:
        return False
    return True


def _shown(text: str) -> str:
    """Return what a client has sent, not longer than fits into a sentence."""
    return text if len(text) <= _SHOWN_MAX else f"{text[:_SHOWN_MAX]}..."
