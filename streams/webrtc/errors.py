"""Errors of signalling, by meaning; the protocol of the request maps each to a status.

* SignallingError          any error of a signalling request
  * UnknownSession         no session has that name
  * InvalidSdp             the body is not a usable SDP, SDP fragment or candidate
  * SdpTooLong             the body exceeds the size limit
  * NothingInCommon        the offer is valid, but the server cannot provide what it asks for
  * EtagMismatch           the request is for an earlier state of the session
  * IceRestart             the request asks for an ICE restart, which is not supported

Errors that every way of watching a camera has are in ``streams/viewing/errors.py``.
"""

from __future__ import annotations

from ..viewing import ViewingError


class SignallingError(ViewingError):
    """The server refuses a peer's offer, fragment or other request."""


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
