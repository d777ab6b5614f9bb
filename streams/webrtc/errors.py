"""Why a peer's request cannot be met, by meaning; which status says so is for the protocol that it came by.

* SignallingError        whatever is wrong with a request
  * UnknownCamera        there is no camera of that name
  * UnknownSession       there is no session of that name
  * InvalidSdp           it is no SDP, no fragment of one or no candidate, or one that cannot be used
  * SdpTooLong           more bytes than are read
  * NothingInCommon      the offer is right, and what it asks for is not to be had here
  * OtherEtag            it is meant for a session's earlier state
  * IceRestart           it wants other ICE credentials for a session
  * NoConnection         no connection can be made now
"""

from __future__ import annotations


class SignallingError(Exception):
    """A peer's offer, fragment or other request cannot be met.

    Args:
        detail: A sentence for the peer.
    """

    def __init__(self, detail: str) -> None:
        super().__init__(detail)
        self.detail = detail


class UnknownCamera(SignallingError):
    """There is no camera of that name, or it is private."""


class UnknownSession(SignallingError):
    """There is no session of that name."""


class InvalidSdp(SignallingError):
    """It is no SDP, no fragment of one or no candidate, or one that cannot be used."""


class SdpTooLong(SignallingError):
    """It has more bytes than are read."""


class NothingInCommon(SignallingError):
    """The offer is right, and what it asks for is not to be had here."""


class OtherEtag(SignallingError):
    """The session has another ETag than the request is meant for."""


class IceRestart(SignallingError):
    """It wants other ICE credentials for a session, which is not done here."""


class NoConnection(SignallingError):
    """No connection can be made now: no port is free, or the server is about to end."""
