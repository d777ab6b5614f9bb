"""Outputs for frames: shared encoders and their packet sinks, WebRTC viewers, snapshots and files."""

from .annotate import annotate
from .encoding import EncoderKey, EncoderPool, PacketSink, SharedEncoder, Subscription, VideoEncoder, VideoPacket
from .snapshot import Snapshot, jpeg, next_frame, snapshot
from .webrtc import (
    SDP_BYTES_MAX,
    Deadlines,
    EtagMismatch,
    IceRestart,
    InvalidSdp,
    NoConnection,
    NothingInCommon,
    SdpTooLong,
    SessionAnswer,
    Sessions,
    SignallingError,
    UnknownCamera,
    UnknownSession,
    WhepSessions,
    default_addresses,
)

__all__ = [
    "SDP_BYTES_MAX",
    "Deadlines",
    "VideoEncoder",
    "EncoderKey",
    "EncoderPool",
    "IceRestart",
    "InvalidSdp",
    "NoConnection",
    "NothingInCommon",
    "EtagMismatch",
    "PacketSink",
    "SdpTooLong",
    "SessionAnswer",
    "Sessions",
    "SharedEncoder",
    "SignallingError",
    "Snapshot",
    "Subscription",
    "UnknownCamera",
    "UnknownSession",
    "VideoPacket",
    "WhepSessions",
    "annotate",
    "default_addresses",
    "jpeg",
    "next_frame",
    "snapshot",
]
