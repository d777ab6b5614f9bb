"""Middleware that counts the bodies of requests, and limits how long they may take to arrive."""

from __future__ import annotations

from contextlib import ExitStack

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from ..core import Bodies, Body


class BodyMiddleware:
    """Limits the bodies that the app reads. A body that it does not read costs nothing and is not counted.

    The app gets the errors where it receives the body, and writes them in the form that the request expects.

    Args:
        app: The next app.
        bodies: The bodies in flight on all ports.
    """

    def __init__(self, app: ASGIApp, bodies: Bodies) -> None:
        self.app = app
        self.bodies = bodies

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection event."""
        if scope["type"] != "http" or not _has_body(scope):
            await self.app(scope, receive, send)
            return
        client = scope["client"][0] if scope.get("client") else ""
        body: Body | None = None
        complete = False

        async def receive_within_limits() -> Message:
            nonlocal body, complete
            if complete:
                return await receive()
            if body is None:
                body = stack.enter_context(self.bodies.admit(client))
            message = await body.next(receive())
            if message["type"] == "http.request":
                body.add(len(message.get("body", b"")))
                if not message.get("more_body", False):
                    complete = True
                    body.complete()
            return message

        with ExitStack() as stack:
            await self.app(scope, receive_within_limits, send)


def _has_body(scope: Scope) -> bool:
    return any(
        name == b"transfer-encoding" or (name == b"content-length" and value != b"0")
        for name, value in scope["headers"]
    )
