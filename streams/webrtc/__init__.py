"""WebRTC viewers: WHEP sessions, their peer connections and the video that they send.

All use of aiortc's internals is in ``internals.py``, of aioice's in ``ice.py``.
"""

from .errors import (
    EtagMismatch,
    IceRestart,
    InvalidSdp,
    NoConnection,
    NothingInCommon,
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
    "EtagMismatch",
    "SdpTooLong",
    "WhepAnswer",
    "SignallingError",
    "UnknownCamera",
    "UnknownSession",
    "WhepSessions",
]
