"""Viewers over WebRTC: WHEP sessions, the connection of each, and what goes over it.

All use of aiortc's internals is in ``inside.py``, of aioice's in ``ice.py``.
"""

from .errors import OfferError
from .sdp import SDP_BYTES_MAX
from .whep import Deadlines, Session, WhepSessions

__all__ = ["SDP_BYTES_MAX", "Deadlines", "OfferError", "Session", "WhepSessions"]
