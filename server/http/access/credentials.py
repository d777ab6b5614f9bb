"""The token that a request has, the right that it needs, and whether browsers should ask for a token."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Iterator

from starlette.datastructures import Headers
from starlette.types import Scope

from ...core import Credential, credential_of
from .site import UNSAFE

SUBPROTOCOL = "camweave"
"""The subprotocol of our WebSockets. Scripts cannot add headers to them, so one that has a token offers it beside this
one, as ``camweave.bearer.`` and the token in base64url without padding."""
_BEARER = b"camweave.bearer."
CHALLENGE = 'Basic realm="camweave", charset="UTF-8"'
"""Makes a browser ask for a user and a password; clients without a dialog send theirs then."""

# What browsers load by themselves, so that no script can add a token.
_ASKED_FOR = frozenset({"document", "iframe", "frame", "image", "video"})
_VIEW, _PREDICT, _PUBLISH, _CONTROL = ({right} for right in ("view", "predict", "publish", "control"))
_LIST_OF_SERVICES = "/api/vision"


def credential_in(scope: Scope) -> Credential | None:
    """Return the token in the ``Authorization`` of a request, or that a WebSocket offers; ``None`` without one."""
    given = [value for name, value in scope["headers"] if name == b"authorization"]
    if not given and scope["type"] == "websocket":
        given = list(_offered(scope))
    return credential_of(given)


def rights_for(method: str, path: str) -> Iterable[str] | None:
    """Return the rights of which a request needs one; ``None`` if any token will do, but no link.

    An endpoint that is not listed changes something unless its method says otherwise, and needs the right for that.
    """
    safe = method not in UNSAFE
    if path.startswith("/whip/"):
        return _PUBLISH
    if path.startswith("/whep/"):
        return _VIEW
    if path == _LIST_OF_SERVICES and safe:
        return _VIEW | _PREDICT
    if path.startswith((f"{_LIST_OF_SERVICES}/", "/v2/")):
        return _PREDICT
    if path == "/api/configuration" or path.startswith(("/api/configuration/", "/api/drafts", "/api/devices")):
        return _CONTROL
    if path == "/api/cameras" or path.startswith("/api/cameras/"):
        return _VIEW if safe else _CONTROL
    return None if safe else _CONTROL


def _offered(scope: Scope) -> Iterator[bytes]:
    for name, value in scope["headers"]:
        if name != b"sec-websocket-protocol":
            continue
        for offered in value.split(b","):
            if (word := offered.strip()).startswith(_BEARER):
                text = word.removeprefix(_BEARER)
                try:
                    yield b"Bearer " + base64.urlsafe_b64decode(text + b"=" * (-len(text) % 4))
                except binascii.Error:
                    yield b"Bearer " + text  # no token; to be counted as a wrong one


def asks_browser(headers: Headers) -> bool:
    """Return whether a refused request should make its client ask for a token.

    Scripts ask by themselves: ours say so in ``X-Requested-With``, since browsers send no ``Sec-Fetch-Dest`` to servers
    without TLS on other machines.
    """
    destination = headers.get("sec-fetch-dest")
    return "x-requested-with" not in headers if destination is None else destination in _ASKED_FOR
