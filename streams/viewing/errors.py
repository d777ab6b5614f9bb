"""Errors of watching a camera live, by meaning; the protocol of the request maps each to a status.

* ViewingError             a client cannot watch a camera
  * UnknownCamera          no camera has that name
  * NotStreamed            the camera has no stream of that kind
  * NoConnection           no connection can be made now
    * TooManyPeers         there are as many peers as allowed
      * TooManyOffers      too many peers are not connected yet
  * TooManyPeersOfAddress  there are as many peers of one address as allowed
    * TooManyOffersOfAddress  too many peers of one address are not connected yet
  * SignallingError        any error of a signalling request (``webrtc/errors.py``)
"""

from __future__ import annotations

from typing import ClassVar


class ViewingError(Exception):
    """The server refuses to let a client watch a camera.

    Args:
        detail: The reason, as a sentence for the client.

    Attributes:
        retry_after_s: Seconds until another request makes sense; ``None`` if a retry does not help.
    """

    retry_after_s: ClassVar[int | None] = None

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class UnknownCamera(ViewingError):
    """No camera has that name, or it is private."""


class NotStreamed(ViewingError):
    """The camera is not streamed in the codec that is needed."""


class NoConnection(ViewingError):
    """No connection can be made now: no UDP port is free, or the server is shutting down."""

    retry_after_s = 2


class TooManyPeers(NoConnection):
    """There are as many peers as allowed, in all or of the camera."""

    retry_after_s = 10


class TooManyOffers(TooManyPeers):
    """Too many peers are not connected yet."""

    retry_after_s = 2


class TooManyPeersOfAddress(ViewingError):
    """There are as many peers of one address as allowed."""

    retry_after_s = 10


class TooManyOffersOfAddress(TooManyPeersOfAddress):
    """Too many peers of one address are not connected yet."""

    retry_after_s = 2
