"""Viewers over WebRTC: WHEP sessions, the connection of each, and what goes over it.

All use of aiortc's internals is in ``inside.py``, of aioice's in ``ice.py``.
"""

from .errors import OfferError
from .whep import Deadlines, Session, WhepSessions

__all__ = ["Deadlines", "OfferError", "Session", "WhepSessions"]
