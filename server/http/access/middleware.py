"""Middleware that checks access before the app, and adds security headers to every response.

It takes what a trusted proxy says (``forwarded.py``) and refuses requests of foreign pages (``site.py``).

On a server with tokens, a request without one reaches only endpoints without data. Any other request is refused before
it is routed, its body is read or a camera is opened.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Sequence

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from pipeline import ServerConfig

from ...core import Forbidden, RequestError, Tokens, Unavailable, set_caller
from ..messages import Extension, error_response, response_to
from .cookies import cookie_in, cookie_name
from .credentials import CHALLENGE, asks_browser, credential_in, rights_for
from .forwarded import Forwarded, start_page_of
from .site import PREFLIGHT, SENDER, UNSAFE, Sender, Site

SIGN_IN, SIGN_OUT, LINK = "/sign-in", "/sign-out", "/api/link"

PUBLIC_PATHS = frozenset({"/", "/watch", "/run", "/edit", "/docs", SIGN_IN, "/healthz", "/readyz"})
"""Paths that need no token: the pages, which prompt for it, and the health checks."""
PUBLIC_FOLDERS = ("/page/", "/watch/")
PUBLIC_POSTS = frozenset({SIGN_IN, SIGN_OUT, LINK})
"""Paths to which clients without a token may send."""
UNAUTHENTICATED = "camweave.unauthenticated"
"""Key in the scope of a request that is answered although it has no valid token."""
HEAD = "camweave.head"
"""Key in the scope of a request for headers only, which endpoints see as GET."""
_REASON_BYTES = 123  # of a WebSocket that is closed, as its protocol has it
DEFAULT_HEADERS = {
    "Cache-Control": "no-store",  # the files of the pages have their own
    "Cross-Origin-Resource-Policy": "same-origin",
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
}


class AccessMiddleware:
    """Refuses requests that must not reach the app, and adds default headers to responses.

    Args:
        app: The next app.
        config: The server's configuration.
        tokens: The tokens; every request for data must have one of them.
        extensions: The extensions; each may have its own error format.
        open_options: Path prefixes, such as ``/whep/``, below which OPTIONS needs no token.
        answered: Counts the responses by their status.
    """

    def __init__(
        self,
        app: ASGIApp,
        config: ServerConfig = ServerConfig(),  # noqa: B008  # it is immutable
        tokens: Tokens | None = None,
        extensions: Sequence[Extension] = (),
        open_options: Sequence[str] = (),
        answered: Counter[int] | None = None,
    ) -> None:
        self.answered: Counter[int] = Counter() if answered is None else answered
        self.app = app
        self.extensions = extensions
        self.open_options = tuple(open_options)
        self.tokens = Tokens() if tokens is None else tokens
        self.forwarded = Forwarded(config)
        self.site = Site(config)
        self.cookie = cookie_name(config.port)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event."""
        if scope["type"] == "websocket":
            await self._open_websocket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        scope = self.forwarded.scope_of(scope)
        headers = Headers(scope=scope)
        sender = scope[SENDER] = self.site.sender(headers)
        asks = asks_browser(headers)
        head = scope["method"] == "HEAD"
        started = False

        async def send_completed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                started = True
                self.answered[message["status"]] += 1
                added = MutableHeaders(scope=message)
                added.update(self.site.headers(sender))
                if self.site.has_origins:
                    added.add_vary_header("Origin")
                if message["status"] == 401 and asks:
                    added.append("WWW-Authenticate", CHALLENGE)
                for name, value in DEFAULT_HEADERS.items():
                    added.setdefault(name, value)
            elif head and message["type"] == "http.response.body":
                message = {**message, "body": b""}
            await send(message)

        method, path = "GET" if head else scope["method"], scope["path"]
        start_page = start_page_of(scope)
        is_public = method == "GET" and (path in PUBLIC_PATHS or path.startswith(PUBLIC_FOLDERS))
        response: Response | None = None
        error = self.site.refusal(method, headers, sender, is_page=is_public or start_page is not None)
        if error is not None:
            response = response_to(error)
        elif start_page is not None:
            response = Response(status_code=308, headers={"Location": start_page})
        elif sender.is_allowed and method == "OPTIONS" and "access-control-request-method" in headers:
            response = Response(status_code=204, headers=PREFLIGHT)
        elif not is_public and not (method == "POST" and path in PUBLIC_POSTS):
            refusal = self._refusal(scope, sender, method, path)
            if refusal is not None and method == "OPTIONS" and path.startswith(self.open_options):
                scope = {**scope, UNAUTHENTICATED: True}
            elif refusal is not None:
                response = error_response(self.extensions, method, path, refusal)
        if response is not None:
            await response(scope, receive, send_completed)
            return
        try:
            # Every endpoint answers HEAD as GET, without the body.
            await self.app({**scope, "method": method, HEAD: True} if head else scope, receive, send_completed)
        except asyncio.CancelledError:  # the server is shutting down and no longer waits for its requests
            if not started:
                await response_to(Unavailable("the server is closing"))(scope, receive, send_completed)

    async def _open_websocket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Hand a WebSocket on if a GET of its path would be, or else refuse to open it. None is public."""
        scope = self.forwarded.scope_of(scope)
        headers = Headers(scope=scope)
        sender = scope[SENDER] = self.site.sender(headers)
        error = self.site.refusal("GET", headers, sender, is_page=False)
        refusal = error or self._refusal(scope, sender, "GET", scope["path"])
        if refusal is None:
            await self.app(scope, receive, send)
        elif "websocket.http.response" in scope.get("extensions", {}):
            await response_to(refusal)(scope, receive, send)
        else:
            await receive()
            await send({"type": "websocket.close", "code": 1008, "reason": _shortened(refusal.detail)})

    def _refusal(self, scope: Scope, sender: Sender, method: str, path: str) -> RequestError | None:
        """Return why a request may not have data; otherwise remember its caller."""
        credential, cookie = credential_in(scope), cookie_in(scope, self.cookie)
        try:
            caller = self.tokens.admit(credential, scope["client"][0] if scope.get("client") else "", cookie)
            is_ambient = self.tokens.needed and (credential is None or credential.ambient)
            # A response to a page of an allowed origin is read only if we say so; a WebSocket always.
            acts = method in UNSAFE or scope["type"] == "websocket"
            if is_ambient and acts and not sender.is_own:
                raise Forbidden(
                    f"pages of {sender.origin} must send a token of their own, as Authorization: Bearer; what the "
                    "browser adds by itself does not allow them to change anything"
                )
            caller.require(rights_for(method, path))
        except RequestError as error:
            return error
        set_caller(caller)
        return None


def _shortened(sentence: str) -> str:
    return sentence.encode()[:_REASON_BYTES].decode(errors="ignore")
