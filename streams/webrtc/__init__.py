"""Viewers over WebRTC: WHEP sessions, the connection of each, and what goes over it.

All use of aiortc's internals is in ``inside.py``, of aioice's in ``ice.py``.
"""

from .errors import (
    IceRestart,
    InvalidSdp,
    NoConnection,
    NothingInCommon,
    OtherEtag,
    SdpTooLong,
    SignallingError,
    UnknownCamera,
    UnknownSession,
)
from .sdp import SDP_BYTES_MAX
from .whep import Deadlines, WhepAnswer, WhepSessions

__all__ = [
    "SDP_BYTES_MAX",
    "Deadlines",
    "IceRestart",
    "InvalidSdp",
    "NoConnection",
    "NothingInCommon",
    "OtherEtag",
    "SdpTooLong",
    "WhepAnswer",
    "SignallingError",
    "UnknownCamera",
    "UnknownSession",
    "WhepSessions",
]
