"""Errors of signalling, by meaning; the protocol of the request maps each to a status.

* SignallingError          any error of a signalling request
  * UnknownCamera          no camera has that name
  * UnknownSession         no session has that name
  * InvalidSdp             the body is not a usable SDP, SDP fragment or candidate
  * SdpTooLong             the body exceeds the size limit
  * NothingInCommon        the offer is valid, but the server cannot provide what it asks for
  * EtagMismatch           the request is for an earlier state of the session
  * IceRestart             the request asks for an ICE restart, which is not supported
  * NoConnection           no connection can be made now
    * TooManyPeers         there are as many peers as allowed
      * TooManyOffers      too many peers are not connected yet
  * TooManyPeersOfAddress  there are as many peers of one address as allowed
    * TooManyOffersOfAddress  too many peers of one address are not connected yet
"""

from __future__ import annotations

from typing import ClassVar


class SignallingError(Exception):
    """The server refuses a peer's offer, fragment or other request.

    Args:
        detail: The reason, as a sentence for the peer.

    Attributes:
        retry_after_s: Seconds until a new offer makes sense; ``None`` if a retry does not help.
    """

    retry_after_s: ClassVar[int | None] = None

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class UnknownCamera(SignallingError):
    """No camera has that name, or it is private."""


class UnknownSession(SignallingError):
    """No session has that name."""


class InvalidSdp(SignallingError):
    """The body is not a usable SDP, SDP fragment or candidate."""


class SdpTooLong(SignallingError):
    """The body exceeds the size limit."""


class NothingInCommon(SignallingError):
    """The offer is valid, but the server cannot provide what it asks for."""


class EtagMismatch(SignallingError):
    """The request names an ETag that is not the session's current one."""


class IceRestart(SignallingError):
    """The request changes the ICE credentials of a session; ICE restarts are not supported."""


class NoConnection(SignallingError):
    """No connection can be made now: no UDP port is free, or the server is shutting down."""

    retry_after_s = 2


class TooManyPeers(NoConnection):
    """There are as many peers as allowed, in all or of the camera."""

    retry_after_s = 10


class TooManyOffers(TooManyPeers):
    """Too many peers are not connected yet."""

    retry_after_s = 2


class TooManyPeersOfAddress(SignallingError):
    """There are as many peers of one address as allowed."""

    retry_after_s = 10


class TooManyOffersOfAddress(TooManyPeersOfAddress):
    """Too many peers of one address are not connected yet."""

    retry_after_s = 2
