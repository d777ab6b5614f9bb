"""Errors of requests, by meaning; each protocol maps them to its own status codes.

* RequestError          any error of a request
  * NotFound            nothing has that name
  * InvalidRequest      the request contradicts itself or is incomplete
  * Unsupported         the camera or service exists but does not support the request
  * TooLarge            too many bytes, pixels or pictures
  * TooSlow             the request did not arrive in time
  * BrokenOff           the request ended early
  * UnsupportedMedia    the bytes have an unsupported format
  * Unreadable          the format is supported, but the content is damaged or invalid
  * Unauthorized        the request has no valid token
  * Forbidden           the token does not allow the request
  * TooManyRequests     the client has sent too many requests
  * Unavailable         the server cannot answer now
    * NoFrame           the camera gives no frame
    * ModelUnavailable  the model cannot be loaded or run
"""

from __future__ import annotations

from cameras import safe_text


class RequestError(Exception):
    """A request cannot be answered.

    Args:
        detail: A sentence for the client: what is wrong, the value received and the value expected.

    Attributes:
        detail: The same, made safe to show by :func:`cameras.safe_text`.
        retry_after_s: Seconds until a retry makes sense; ``None`` if a retry does not help.
    """

    retry_after_s: int | None = None

    def __init__(self, detail: str) -> None:
        self.detail = safe_text(detail)
        super().__init__(self.detail)


class NotFound(RequestError):
    """Nothing has that name."""


class InvalidRequest(RequestError):
    """The request contradicts itself or is incomplete."""


class Unsupported(RequestError):
    """The camera or service exists but does not support the request."""


class TooLarge(RequestError):
    """The request has too many bytes, pixels or pictures."""


class TooSlow(RequestError):
    """The request did not arrive in time."""


class BrokenOff(RequestError):
    """The request ended early."""


class UnsupportedMedia(RequestError):
    """The bytes of the request have an unsupported format."""


class Unreadable(RequestError):
    """The format of the request is supported, but its content is damaged or invalid."""


class Unauthorized(RequestError):
    """The request has no valid token."""


class Forbidden(RequestError):
    """The token does not allow the request."""


class TooManyRequests(RequestError):
    """The client has sent too many requests.

    Args:
        detail: A sentence for the client.
        retry_after_s: Seconds until a retry makes sense.
    """

    def __init__(self, detail: str, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Unavailable(RequestError):
    """The server cannot answer now: it is busy or closing, or a resource is missing."""

    retry_after_s: int | None = 1


class NoFrame(Unavailable):
    """The camera gives no frame."""

    retry_after_s = 5


class ModelUnavailable(Unavailable):
    """The model cannot be loaded or run; the reason is in the log only, because it names files of this machine."""

    retry_after_s = 30
