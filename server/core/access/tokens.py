"""Check the token of a request against the tokens of the server, and know what its sender may do.

* MissingToken     the request has no token
* WrongToken       the token is not valid
* TooManyTokens    too many wrong tokens came, from one address or from all
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import logging
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from contextlib import suppress
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import Any

from pipeline import RIGHTS, Token

from ..requests import Forbidden, RequestError, TooManyRequests, Unauthorized, client_of
from .grants import Grant, Grants, InvalidGrant

logger = logging.getLogger(__name__)

TRIES = 20
"""Wrong tokens that one address may send within ``WITHIN_S`` seconds before it is refused for a while."""
TRIES_OF_ALL = 200
"""Wrong tokens that all addresses together may send within ``WITHIN_S`` seconds."""
WITHIN_S = 60.0
ADDRESSES_MAX = 4096
"""Most addresses remembered; the one with the oldest last wrong token is forgotten first."""
SIGN_IN_S = 30 * 86_400.0
"""How long a browser stays signed in."""

_WANTED = 'this server needs a token, as "Authorization: Bearer TOKEN" or "Authorization: Key TOKEN"'


class MissingToken(Unauthorized):
    """The request has no token."""

    def __init__(self) -> None:
        super().__init__(f"{_WANTED}; none was sent")


class WrongToken(Unauthorized):
    """The token is not valid."""

    def __init__(self, reason: str = "") -> None:
        super().__init__(reason or f"{_WANTED}; the token that was sent is not valid")


class TooManyTokens(TooManyRequests):
    """Too many wrong tokens came."""

    def __init__(self, wait_s: float, whose: str) -> None:
        super().__init__(f"too many wrong tokens came {whose}; try again later", max(1, math.ceil(wait_s)))


@dataclass(frozen=True)
class Caller:
    """Who sent a request, and what the token allows.

    Attributes:
        name: The name of the token; empty without one.
        rights: What it may do.
        cameras: The only cameras that it may use; ``None`` for all.
        expires_at: When its permission ends, as seconds since the epoch; ``None`` if it does not.
        of_link: Whether it has only a link, which allows to view a camera and nothing else.
        digest: The SHA-256 of its token, or of the one that gave it the link; empty without one.
    """

    name: str = ""
    rights: frozenset[str] = RIGHTS
    cameras: frozenset[str] | None = None
    expires_at: float | None = None
    of_link: bool = False
    digest: bytes = field(default=b"", repr=False, compare=False)

    def require(self, rights: Iterable[str] | None) -> None:
        """Check that the caller has one of some rights.

        Args:
            rights: The rights; ``None`` if any token will do, but no link.

        Raises:
            Forbidden: It has none of them.
        """
        wanted = sorted(rights or ())
        if self.of_link and wanted != ["view"]:
            raise Forbidden("a link allows to watch its camera, and nothing else")
        if rights is None:
            return
        if not self.rights.intersection(wanted):
            raise Forbidden(f"this token does not have the right {' or '.join(wanted)}")

    def may_use(self, camera: str) -> bool:
        """Return whether the caller may use a camera, existing or not."""
        return self.cameras is None or camera in self.cameras


ANYONE = Caller()
"""The caller of a server without tokens."""

_caller: ContextVar[Caller] = ContextVar("caller", default=ANYONE)


def current_caller() -> Caller:
    """Return the caller of the present request."""
    return _caller.get()


def set_caller(caller: Caller) -> None:
    """Set the caller of the present request; each port does it once the token is checked."""
    _caller.set(caller)


@dataclass(frozen=True)
class Credential:
    """A token as a request has it.

    Attributes:
        token: The token.
        ambient: Whether a browser adds it to requests by itself, also to those that another page causes.
    """

    token: bytes
    ambient: bool = False


def credential_of(authorization: Sequence[bytes]) -> Credential | None:
    """Return the credential in ``Authorization`` headers; ``None`` without any.

    Several headers or an unknown scheme give an invalid token.
    """
    text = b" , ".join(authorization).strip()
    scheme, _, rest = text.partition(b" ")
    scheme = scheme.lower()
    if scheme == b"basic" and rest.strip():
        try:
            decoded = base64.b64decode(rest.strip(), validate=True)
        except (binascii.Error, ValueError):
            return Credential(text, ambient=True)
        return Credential(decoded.partition(b":")[2] or b"-", ambient=True)
    token = rest.strip() if scheme in (b"bearer", b"key") else text
    return Credential(token) if token and scheme != b"basic" else None


class Tokens:
    """Checks requests against the server's tokens, which it reads anew for each request. Call it from one thread.

    Every token is compared before anything else, so wrong ones from the same address, or from many, never lock out a
    valid one.

    Args:
        tokens: Returns the valid tokens; without any, every request is accepted.
        clock: Returns the seconds of a clock that never jumps.
        now: Returns the seconds since the epoch.

    Attributes:
        wrong: Number of wrong tokens that have come.
    """

    def __init__(
        self,
        tokens: Callable[[], Sequence[Token]] = tuple,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
    ) -> None:
        self.wrong = 0
        self._tokens = tokens
        self._clock = clock
        self._grants = Grants(tokens, now)
        self._now = now
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()
        self._wrong_of_all: deque[float] = deque(maxlen=TRIES_OF_ALL)

    @property
    def needed(self) -> bool:
        """Whether requests need a token."""
        return bool(self._tokens())

    @property
    def provable(self) -> bool:
        """Whether a client can prove that it knows a token without sending it (:meth:`admit_knowing`)."""
        return any(token.plain is not None for token in self._tokens())

    def prepare(self) -> None:
        """Compute what requests would wait for; takes a moment for each token. Call it on a thread."""
        self._grants.prepare()

    def admit(self, credential: Credential | None, address: str, cookie: str = "") -> Caller:
        """Return the caller with a credential.

        Args:
            credential: The token of the request; ``None`` without one.
            address: The address of the client.
            cookie: The cookie of a browser that has signed in; empty without one.

        Raises:
            MissingToken: The server has tokens, the request has none.
            WrongToken: The token is not valid.
            TooManyTokens: Nor is it, and too many wrong ones came before.
        """
        tokens = self._tokens()
        if not tokens:
            return ANYONE
        # The browser sends the password for a proxy before us too, so that the cookie counts before Basic. The browser
        # also sends old cookies by itself, so that these are not counted as wrong.
        if cookie and (credential is None or credential.ambient):
            with suppress(InvalidGrant):
                return _caller_of(self._grants.read("session", cookie).token)
        if credential is None:
            raise MissingToken
        # Digests have one length and all are compared, so the time taken reveals nothing about the tokens.
        digest = hashlib.sha256(credential.token).digest()
        found = [token for token in tokens if hmac.compare_digest(digest, token.digest)]
        if found:
            return _caller_of(found[0])
        try:
            grant = self._grants.read("watch", credential.token.decode("ascii", "replace"))
        except InvalidGrant as error:
            raise self._refusal(address, error, "") from None
        of_camera = frozenset({grant.camera})
        name, rights = f"link for {grant.camera}", frozenset({"view"})
        return Caller(name, rights, of_camera, grant.expires_at, of_link=True, digest=grant.token.digest)

    def admit_knowing(self, knows: Callable[[str], bool], address: str) -> Caller:
        """Return the caller who proves that it knows a token without sending it, as with HTTP's Digest.

        Nobody can prove to know a token of which the configuration has only the hash.

        Args:
            knows: Returns whether the proof is that of a token.
            address: The address of the client.

        Raises:
            WrongToken: It is the proof of no token.
            TooManyTokens: Nor is it, and too many wrong ones came before.
        """
        tokens = self._tokens()
        if not tokens:
            return ANYONE
        found = [token for token in tokens if token.plain is not None and knows(token.plain)]
        if not found:
            raise self._refusal(address, InvalidGrant(""), "")
        return _caller_of(found[0])

    def withdrawal(self, caller: Caller, right: str, camera: str) -> str:
        """Return why a caller who was admitted may no longer do something; empty while it may.

        What lasts longer than a request, such as the session of a viewer, asks this again and again.

        Args:
            caller: The caller.
            right: The right that it needs.
            camera: The camera that it uses.
        """
        if caller.expires_at is not None and caller.expires_at <= self._now():
            return "its permission has expired"
        tokens = self._tokens()
        if not tokens:
            return ""
        token = next((token for token in tokens if token.digest == caller.digest), None)
        if token is None:
            return "its token is no longer valid" if caller.digest else "the server needs a token now"
        if right not in token.rights:
            return f"its token no longer has the right {right}"
        return "" if _caller_of(token).may_use(camera) else "its token no longer allows this camera"

    def signed_in(self, credential: Credential, address: str) -> str:
        """Return the value of the cookie for a browser that sends a valid token.

        Raises:
            Unauthorized: The token is not valid.
            TooManyTokens: Nor is it, and too many wrong ones came before.
        """
        self.admit(credential, address)
        digest = hashlib.sha256(credential.token).digest()
        token = next((token for token in self._tokens() if token.digest == digest), None)
        if token is None:
            raise WrongToken
        return self._grants.sign("session", token, "", self._now() + SIGN_IN_S)

    def exchange(self, link: str, address: str) -> tuple[str, Grant]:
        """Return a token for the camera of a link, good until the link expires, and what it permits.

        Raises:
            WrongToken: The link is not valid, or no longer.
            TooManyTokens: Nor is it, and too many wrong ones came before.
        """
        try:
            grant = self._grants.read("link", link)
        except InvalidGrant as error:
            raise self._refusal(address, error, str(error)) from None
        return self._grants.sign("watch", grant.token, grant.camera, grant.expires_at), grant

    def _refusal(self, address: str, invalid: InvalidGrant, reason: str) -> RequestError:
        """Return the error for a wrong token, and count it unless it is a grant that was valid once."""
        if invalid.genuine:
            return WrongToken(str(invalid))
        self.wrong += 1
        place = client_of(address)
        now = self._clock()
        of_one = self._wrong.setdefault(place, deque(maxlen=TRIES))
        for times, limit, whose in (
            (of_one, TRIES, "from this address"),
            (self._wrong_of_all, TRIES_OF_ALL, "to this server"),
        ):
            if len(times) == limit and (wait_s := times[0] + WITHIN_S - now) > 0:
                if not of_one:
                    del self._wrong[place]
                return TooManyTokens(wait_s, whose)
        of_one.append(now)
        self._wrong_of_all.append(now)
        _keep_newest(self._wrong, place)
        logger.warning("a wrong token came from %s", place or "an unknown address")
        return WrongToken(reason)


def _caller_of(token: Token) -> Caller:
    cameras = None if token.cameras is None else frozenset(token.cameras)
    return Caller(token.name, frozenset(token.rights), cameras, digest=token.digest)


def _keep_newest(places: OrderedDict[str, Any], place: str) -> None:
    places.move_to_end(place)
    if len(places) > ADDRESSES_MAX:
        places.popitem(last=False)
