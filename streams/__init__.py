"""How frames leave: shared encoders and their packet sinks, WebRTC viewers, snapshots, files."""

from .annotate import annotate
from .encoding import Encoder, EncoderKey, EncoderPool, PacketSink, SharedEncoder, Subscription, VideoPacket
from .snapshot import Snapshot, jpeg, next_frame, snapshot
from .webrtc import SDP_BYTES_MAX, Deadlines, OfferError, Session, WhepSessions

__all__ = [
    "SDP_BYTES_MAX",
    "Deadlines",
    "Encoder",
    "EncoderKey",
    "EncoderPool",
    "OfferError",
    "PacketSink",
    "Session",
    "SharedEncoder",
    "Snapshot",
    "Subscription",
    "VideoPacket",
    "WhepSessions",
    "annotate",
    "jpeg",
    "next_frame",
    "snapshot",
]
