"""The tokens of RTSP clients: Digest (RFC 2617, RFC 7616), and Basic."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
import time
from collections.abc import Callable, Mapping

from streams import RtspError, rtsp_url

from ..core import Caller, Tokens, Unauthorized, client_of, credential_of

REALM = "camweave"
USER = "token"
"""The user that the documentation names; any other will do as well."""
NONCE_S = 300.0
"""How long a nonce is good for another connection. A connection that was admitted needs none again."""

# Possessive, and from the beginning of a word only: else a long header takes time that grows with its square.
_FIELD = re.compile(r'\b(\w++)\s*+=\s*+(?:"((?:[^"\\]|\\.)*+)"|([^\s,]*+))')
_MAC_DIGITS = 32
_SENT = f"this server needs a token, as the password of the user {USER}"


class RtspAccess:
    """Admits clients by their tokens. Call it from one thread.

    Three challenges are sent, in an order that suits all clients. Those that take the first, such as go2rtc, know both
    hashes, or answer with MD5 whatever was asked; those that take the last Digest, such as FFmpeg, GStreamer and VLC,
    know MD5 only. Basic is for tokens that the server knows only by their hash, so it stands where both kinds of client
    prefer Digest.

    Args:
        tokens: The tokens of the server.
        now: Returns the seconds since the epoch.
    """

    def __init__(self, tokens: Tokens, now: Callable[[], float] = time.time) -> None:
        self._tokens = tokens
        self._now = now
        self._secret = secrets.token_bytes(32)

    def caller(self, method: str, authorization: str | None, camera: str, address: str) -> Caller:
        """Return the caller of a request.

        Args:
            method: The method of the request.
            authorization: Its header ``Authorization``; ``None`` without one.
            camera: The camera that it is for.
            address: The address of the client.

        Raises:
            RtspError: Its token is missing or wrong (401); the answer asks for one.
            TooManyTokens: It is wrong, and too many wrong ones came before.
        """
        try:
            scheme, _, fields = (authorization or "").strip().partition(" ")
            if scheme.lower() == "digest" and self._tokens.needed:
                return self._of_digest(method, _fields(fields), camera, address)
            sent = [authorization.encode()] if authorization else []
            return self._tokens.admit(credential_of(sent), address)
        except Unauthorized:
            sentence = f"{_SENT}; the one that was sent is not valid" if authorization else _SENT
            raise RtspError(401, sentence, self.challenges(address)) from None

    def challenges(self, address: str, *, is_stale: bool = False) -> list[tuple[str, str]]:
        """Return the headers that ask a client for a token.

        Args:
            address: The address of the client.
            is_stale: Whether its nonce was too old: it then tries again without asking its user.
        """
        basic = ("WWW-Authenticate", f'Basic realm="{REALM}"')
        if not self._tokens.provable:
            return [basic]
        # live555 reads realm, nonce and stale in this order only.
        start = f'Digest realm="{REALM}", nonce="{self._nonce(address)}"{", stale=TRUE" if is_stale else ""}'
        return [
            ("WWW-Authenticate", f'{start}, algorithm="SHA-256", qop="auth"'),
            ("WWW-Authenticate", f"{start}, algorithm=MD5"),
            basic,
        ]

    def _of_digest(self, method: str, fields: Mapping[str, str], camera: str, address: str) -> Caller:
        caller = self._tokens.admit_knowing(_proof(method, fields, camera), address)
        if not self._is_fresh(fields.get("nonce", ""), address):
            raise RtspError(401, "the nonce is too old; answer the new one", self.challenges(address, is_stale=True))
        return caller

    def _nonce(self, address: str) -> str:
        issued = f"{int(self._now()):x}"
        return issued + self._mac(issued, address)

    def _is_fresh(self, nonce: str, address: str) -> bool:
        issued, mac = nonce[:-_MAC_DIGITS], nonce[-_MAC_DIGITS:]
        if not nonce.isascii() or not hmac.compare_digest(mac, self._mac(issued, address)):
            return False
        return self._now() - int(issued, 16) <= NONCE_S

    def _mac(self, issued: str, address: str) -> str:
        """Return what only this server can add to a time, for clients of one address."""
        content = f"{issued} {client_of(address)}".encode()
        return hmac.new(self._secret, content, "sha256").hexdigest()[:_MAC_DIGITS]


def _fields(text: str) -> dict[str, str]:
    """Return the fields of a header by their names in small letters."""
    return {
        found[1].lower(): re.sub(r"\\(.)", r"\1", found[2]) if found[2] is not None else found[3]
        for found in _FIELD.finditer(text)
    }


def _proof(method: str, fields: Mapping[str, str], camera: str) -> Callable[[str], bool]:
    """Return what checks a token against the response of a client.

    The client may name the stream, its track, or only the path: what counts is that its response is for this camera.
    """
    make = {"MD5": _md5, "SHA-256": _sha256}.get(fields.get("algorithm", "MD5").upper())
    uri, response = fields.get("uri", ""), fields.get("response", "").lower()
    if make is None or not response.isascii() or _camera(uri) != camera:
        return lambda token: False
    user, nonce, qop = fields.get("username", ""), fields.get("nonce", ""), fields.get("qop")
    middle = nonce if qop is None else ":".join([nonce, fields.get("nc", ""), fields.get("cnonce", ""), qop])
    request = make(f"{method}:{uri}")

    def knows(token: str) -> bool:
        expected = make(f"{make(f'{user}:{REALM}:{token}')}:{middle}:{request}")
        return hmac.compare_digest(expected, response)

    return knows


def _camera(uri: str) -> str | None:
    try:
        return rtsp_url(uri).camera
    except RtspError:
        return None


def _md5(text: str) -> str:
    return hashlib.md5(text.encode("utf-8", "replace"), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode("utf-8", "replace")).hexdigest()
