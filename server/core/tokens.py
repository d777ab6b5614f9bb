"""Check the token of a request against the tokens of the server.

* MissingToken     the request has no token
* WrongToken       the token is not valid
* TooManyTokens    one address has sent too many wrong tokens
"""

from __future__ import annotations

import hashlib
import hmac
import logging
import math
import time
from collections import OrderedDict, deque
from collections.abc import Callable, Iterable, Sequence
from typing import Any

from .errors import RequestError, TooManyRequests, Unauthorized
from .limits import client_of

logger = logging.getLogger(__name__)

TRIES = 20
"""Wrong tokens that one address may send within ``WITHIN_S`` seconds before it is refused for a while."""
WITHIN_S = 60.0
ADDRESSES_MAX = 4096
"""Most addresses remembered; the one with the oldest last wrong token is forgotten first."""

_SCHEMES = (b"bearer", b"key")
_WANTED = 'this server needs a token, as "Authorization: Bearer TOKEN" or "Authorization: Key TOKEN"'


class MissingToken(Unauthorized):
    """The request has no token."""

    def __init__(self) -> None:
        super().__init__(f"{_WANTED}; none was sent")


class WrongToken(Unauthorized):
    """The token is not valid."""

    def __init__(self) -> None:
        super().__init__(f"{_WANTED}; the token that was sent is not valid")


class TooManyTokens(TooManyRequests):
    """One address has sent too many wrong tokens."""

    def __init__(self, wait_s: float) -> None:
        detail = "too many wrong tokens came from this address; try again later"
        super().__init__(detail, max(1, math.ceil(wait_s)))


class Tokens:
    """Checks requests against the server's tokens, which it reads anew for each request. Call it from one thread.

    Args:
        tokens: Returns the valid tokens; without any, every request is accepted.
        clock: Monotonic seconds.
    """

    def __init__(
        self, tokens: Callable[[], Iterable[str]] = tuple, clock: Callable[[], float] = time.monotonic
    ) -> None:
        self._tokens = tokens
        self._clock = clock
        self._wrong: OrderedDict[str, deque[float]] = OrderedDict()
        self._warned: OrderedDict[str, float] = OrderedDict()

    def refusal(self, authorization: Sequence[bytes], address: str) -> RequestError | None:
        """Return the error for a request without a valid token; ``None`` if it is accepted.

        Args:
            authorization: Values of the ``Authorization`` headers: ``Bearer TOKEN``, ``Key TOKEN`` or the token alone.
            address: The address of the client.
        """
        good = [_digest(token.encode()) for token in self._tokens()]
        if not good:
            return None
        token = _token(authorization)
        if not token:
            return MissingToken()
        place = client_of(address)
        if (wait_s := self._wait_s(place)) > 0:
            return TooManyTokens(wait_s)
        if _is_one_of(token, good):
            return None
        self._note(place)
        return WrongToken()

    def _wait_s(self, place: str) -> float:
        times = self._wrong.get(place)
        return times[0] + WITHIN_S - self._clock() if times is not None and len(times) == TRIES else 0.0

    def _note(self, place: str) -> None:
        now = self._clock()
        self._wrong.setdefault(place, deque(maxlen=TRIES)).append(now)
        _keep_newest(self._wrong, place)
        if now - self._warned.get(place, -math.inf) >= WITHIN_S:
            self._warned[place] = now
            _keep_newest(self._warned, place)
            logger.warning("a wrong token came from %s", place or "an unknown address")


def _keep_newest(places: OrderedDict[str, Any], place: str) -> None:
    places.move_to_end(place)
    if len(places) > ADDRESSES_MAX:
        places.popitem(last=False)


def _token(authorization: Sequence[bytes]) -> bytes:
    """Return the token in the header; several headers or an unknown scheme give an invalid token."""
    text = b" , ".join(authorization).strip()
    scheme, _, rest = text.partition(b" ")
    return rest.strip() if scheme.lower() in _SCHEMES else text


def _is_one_of(token: bytes, good: Sequence[bytes]) -> bool:
    # Digests have one length and all are compared, so the time taken reveals nothing about the tokens.
    digest = _digest(token)
    return any([hmac.compare_digest(digest, each) for each in good])


def _digest(token: bytes) -> bytes:
    return hashlib.sha256(token).digest()
