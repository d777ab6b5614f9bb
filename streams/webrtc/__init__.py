"""WebRTC: sessions with peers, such as WHEP viewers, their connections, and the video that they carry.

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
from .ice import default_addresses
from .sdp import SDP_BYTES_MAX
from .sessions import Deadlines, SessionAnswer, Sessions
from .whep import WhepSessions

__all__ = [
    "SDP_BYTES_MAX",
    "Deadlines",
    "IceRestart",
    "InvalidSdp",
    "NoConnection",
    "NothingInCommon",
    "EtagMismatch",
    "SdpTooLong",
    "SessionAnswer",
    "Sessions",
    "SignallingError",
    "UnknownCamera",
    "UnknownSession",
    "WhepSessions",
    "default_addresses",
]
