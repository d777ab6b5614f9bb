"""Permissions that a token gives away for a time: links, and cookies of browsers that have signed in.

* InvalidGrant    a grant is not ours, or has expired

A grant is text: what it permits, and an HMAC over that with a key that is derived from the token. So the server keeps
nothing, a grant survives a restart, and it ends with its token.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from pipeline import Token

TEXT_MAX = 1000

_INVALID = "the link is not valid"


class InvalidGrant(Exception):
    """A grant is not valid.

    Args:
        sentence: What is wrong, for the client.
        genuine: Whether it was valid once.
    """

    def __init__(self, sentence: str, *, genuine: bool = False) -> None:
        super().__init__(sentence)
        self.genuine = genuine


@dataclass(frozen=True)
class Grant:
    """What a text permits.

    Attributes:
        token: The token that gave it.
        camera: The only camera that it is for; empty for those of the token.
        expires_at: When it ends, as seconds since the epoch.
    """

    token: Token
    camera: str
    expires_at: float


class Grants:
    """Signs and reads grants.

    Args:
        tokens: Returns the valid tokens.
        now: Returns the seconds since the epoch.
    """

    def __init__(self, tokens: Callable[[], Sequence[Token]], now: Callable[[], float] = time.time) -> None:
        self._tokens = tokens
        self._now = now
        self._keys: dict[bytes, bytes] = {}  # by the digest of the token

    def prepare(self) -> None:
        """Derive the keys of all tokens, which takes a moment for each."""
        tokens = self._tokens()
        self._keys = {token.digest: self._key(token) for token in tokens}

    def sign(self, kind: str, token: Token, camera: str, expires_at: float) -> str:
        """Return a grant as text without characters that an address or a cookie would need to escape.

        Args:
            kind: ``link``, ``watch`` or ``session``; a text of one kind is not valid as another.
            token: The token that gives it.
            camera: The only camera that it is for; empty for those of the token.
            expires_at: When it ends, as seconds since the epoch.
        """
        content = json.dumps([kind, self._id_of(token), camera, int(expires_at)], separators=(",", ":")).encode()
        return f"{_text(content)}.{_text(self._mac(token, content))}"

    def read(self, kind: str, text: str) -> Grant:
        """Return what a text permits.

        Raises:
            InvalidGrant: It is not a grant of that kind, its token has gone, or it has expired.
        """
        try:
            content, mac = (_bytes(part) for part in text[:TEXT_MAX].split("."))
            found_kind, token_id, camera, expires_at = json.loads(content)
        except (TypeError, ValueError, RecursionError):
            raise InvalidGrant(_INVALID) from None
        token = next((token for token in self._tokens() if self._id_of(token) == token_id), None)
        if token is None or not hmac.compare_digest(mac, self._mac(token, content)) or found_kind != kind:
            raise InvalidGrant(_INVALID)
        if expires_at <= self._now():
            raise InvalidGrant("the link has expired; ask for a new one", genuine=True)
        if token.cameras is not None and camera and camera not in token.cameras:
            raise InvalidGrant("the link's token no longer allows this camera", genuine=True)
        if "view" not in token.rights and kind != "session":
            raise InvalidGrant("the link's token no longer allows to view", genuine=True)
        return Grant(token, camera, float(expires_at))

    def _id_of(self, token: Token) -> str:
        """Return a short name of a token, from which nobody can derive the token."""
        return _text(self._key(token)[:6])

    def _mac(self, token: Token, content: bytes) -> bytes:
        return hmac.digest(self._key(token)[16:], content, "sha256")[:16]

    def _key(self, token: Token) -> bytes:
        """Return the key of a token. Deriving it is slow, so that nobody who has a link can try tokens on it."""
        key = self._keys.get(token.digest)
        if key is None:
            key = hashlib.scrypt(token.digest, salt=b"camweave grants", n=2**14, r=8, p=1, dklen=48)
            self._keys[token.digest] = key
        return key


def _text(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).rstrip(b"=").decode()


def _bytes(text: str) -> bytes:
    try:
        return base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
    except (UnicodeEncodeError, binascii.Error):
        raise ValueError("not base64") from None
