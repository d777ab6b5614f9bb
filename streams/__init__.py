"""How frames leave: encoders and WebRTC viewers, snapshots, files."""

from .annotate import annotate
from .encoder import Encoder
from .errors import OfferError
from .sessions import Session
from .snapshot import Snapshot, jpeg, next_frame, snapshot
from .whep import Deadlines, Streams

__all__ = [
    "Deadlines",
    "Encoder",
    "OfferError",
    "Session",
    "Snapshot",
    "Streams",
    "annotate",
    "jpeg",
    "next_frame",
    "snapshot",
]
