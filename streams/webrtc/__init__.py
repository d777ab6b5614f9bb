"""WebRTC: sessions with peers, such as WHEP viewers, their connections, and the video that they carry.

All use of aiortc's internals is in ``internals.py``, of aioice's in ``ice.py``.
"""

from .errors import (
    EtagMismatch,
    IceRestart,
    InvalidSdp,
    NothingInCommon,
    SdpTooLong,
    SignallingError,
    UnknownSession,
)
from .ice import default_addresses
from .session import SessionAnswer
from .sessions import Deadlines, Sessions
from .whep import WhepSessions

__all__ = [
    "Deadlines",
    "IceRestart",
    "InvalidSdp",
    "NothingInCommon",
    "EtagMismatch",
    "SdpTooLong",
    "SessionAnswer",
    "Sessions",
    "SignallingError",
    "UnknownSession",
    "WhepSessions",
    "default_addresses",
]
