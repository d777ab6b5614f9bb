"""Why a request cannot be answered as it is asked, by meaning. Each protocol says it with a status of its own.

* RequestError          whatever is wrong with a request
  * NotFound            there is nothing of that name
  * InvalidRequest      it contradicts itself, or lacks something
  * Unsupported         it is there, and does not do that
  * TooLarge            more bytes, pixels or pictures than are taken
  * TooSlow             it did not come in time
  * BrokenOff           it ended before it was whole
  * UnsupportedMedia    bytes that are not what is taken here
  * Unreadable          bytes or words of the right kind that cannot be read
  * Unauthorized        no good token came
  * TooManyRequests     more than one client may send
  * Unavailable         not now
    * NoFrame           the camera gives none
    * ModelUnavailable  the model cannot be loaded or run
"""

from __future__ import annotations


class RequestError(Exception):
    """A request cannot be answered as it is asked.

    Args:
        detail: A sentence for the person who asked: the thing, what was got, what is wanted.

    Attributes:
        retry_after_s: When to ask again; ``None`` where that does not help.
    """

    retry_after_s: int | None = None

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class NotFound(RequestError):
    """There is nothing of that name."""


class InvalidRequest(RequestError):
    """It contradicts itself, or lacks something."""


class Unsupported(RequestError):
    """It is there, and does not do what is asked of it."""


class TooLarge(RequestError):
    """It has more bytes, pixels or pictures than are taken."""


class TooSlow(RequestError):
    """It did not come in time."""


class BrokenOff(RequestError):
    """It ended before it was whole."""


class UnsupportedMedia(RequestError):
    """Its bytes are not of a kind that is taken here."""


class Unreadable(RequestError):
    """It is of the right kind, and cannot be read: damaged bytes, a value that is not one."""


class Unauthorized(RequestError):
    """No good token came with it."""


class TooManyRequests(RequestError):
    """Its sender has sent more than one client may.

    Args:
        detail: A sentence for the person who asked.
        retry_after_s: When to ask again.
    """

    def __init__(self, detail: str, retry_after_s: int) -> None:
        super().__init__(detail)
        self.retry_after_s = retry_after_s


class Unavailable(RequestError):
    """It cannot be answered now: the server is busy or closing, or what it needs is not there."""

    retry_after_s: int | None = 1


class NoFrame(Unavailable):
    """The camera gives no frame."""

    retry_after_s = 5


class ModelUnavailable(Unavailable):
    """The model cannot be loaded or run; the log says why, for its own words name files of this machine."""

    retry_after_s = 30
