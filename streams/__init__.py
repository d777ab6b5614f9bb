"""How frames leave: shared encoders and their packet sinks, WebRTC viewers, snapshots, files."""

from .annotate import annotate
from .encoding import Encoder, EncoderKey, EncoderPool, PacketSink, SharedEncoder, Subscription, VideoPacket
from .snapshot import Snapshot, jpeg, next_frame, snapshot
from .webrtc import (
    SDP_BYTES_MAX,
    Deadlines,
    IceRestart,
    InvalidSdp,
    NoConnection,
    NothingInCommon,
    OtherEtag,
    SdpTooLong,
    Session,
    SignallingError,
    UnknownCamera,
    UnknownSession,
    WhepSessions,
)

__all__ = [
    "SDP_BYTES_MAX",
    "Deadlines",
    "Encoder",
    "EncoderKey",
    "EncoderPool",
    "IceRestart",
    "InvalidSdp",
    "NoConnection",
    "NothingInCommon",
    "OtherEtag",
    "PacketSink",
    "SdpTooLong",
    "Session",
    "SharedEncoder",
    "SignallingError",
    "Snapshot",
    "Subscription",
    "UnknownCamera",
    "UnknownSession",
    "VideoPacket",
    "WhepSessions",
    "annotate",
    "jpeg",
    "next_frame",
    "snapshot",
]
