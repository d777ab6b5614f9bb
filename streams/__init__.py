"""Outputs for frames: shared encoders and their packet sinks, WebRTC viewers, snapshots and files."""

from typing import TYPE_CHECKING, Any

from .annotate import Target, annotate
from .encoding import (
    EncodedFrame,
    EncoderKey,
    EncoderPool,
    PacketSink,
    SharedEncoder,
    Subscription,
    VideoEncoder,
    VideoPacket,
)
from .exits import EXITS, ByteStream, MseMuxer, Muxer, MuxerOptions, open_stream
from .predictions import EVENT_MAX_BYTES, PredictionsEvent, predictions_of, utc_text
from .recording import Recording, RecordingError
from .rtsp import (
    RTSP_TRACK,
    MalformedRtsp,
    MediaPorts,
    RtspError,
    RtspMessages,
    RtspPacket,
    RtspRequest,
    RtspSession,
    RtspSessions,
    RtspUrl,
    RtspVideo,
    open_media_ports,
    rtsp_answer,
    rtsp_description,
    rtsp_transport,
    rtsp_url,
)
from .selection import Selection
from .snapshot import NoFrameComes, Snapshot, held_snapshot, jpeg, next_frame, snapshot
from .viewing import (
    Admissions,
    NoConnection,
    NotStreamed,
    Reader,
    Readers,
    TooManyOffers,
    TooManyOffersOfAddress,
    TooManyPeers,
    TooManyPeersOfAddress,
    Traffic,
    UnknownCamera,
    ViewingError,
)

if TYPE_CHECKING:
    from .webrtc import (
        Deadlines,
        EtagMismatch,
        IceRestart,
        InvalidSdp,
        NothingInCommon,
        SdpTooLong,
        SessionAnswer,
        Sessions,
        SignallingError,
        UnknownSession,
        WhepSessions,
        default_addresses,
    )

__all__ = [
    "RTSP_TRACK",
    "MalformedRtsp",
    "MediaPorts",
    "RtspError",
    "RtspMessages",
    "RtspPacket",
    "RtspRequest",
    "RtspSession",
    "RtspSessions",
    "RtspUrl",
    "RtspVideo",
    "open_media_ports",
    "rtsp_answer",
    "rtsp_description",
    "rtsp_transport",
    "rtsp_url",
    "EXITS",
    "ByteStream",
    "MseMuxer",
    "Muxer",
    "MuxerOptions",
    "open_stream",
    "Admissions",
    "Reader",
    "Readers",
    "ViewingError",
    "Deadlines",
    "EVENT_MAX_BYTES",
    "VideoEncoder",
    "EncodedFrame",
    "EncoderKey",
    "EncoderPool",
    "IceRestart",
    "InvalidSdp",
    "NoConnection",
    "NotStreamed",
    "NoFrameComes",
    "NothingInCommon",
    "EtagMismatch",
    "PacketSink",
    "PredictionsEvent",
    "Recording",
    "RecordingError",
    "SdpTooLong",
    "Selection",
    "SessionAnswer",
    "Sessions",
    "SharedEncoder",
    "SignallingError",
    "Snapshot",
    "Subscription",
    "Target",
    "TooManyOffers",
    "TooManyOffersOfAddress",
    "TooManyPeers",
    "TooManyPeersOfAddress",
    "Traffic",
    "UnknownCamera",
    "UnknownSession",
    "VideoPacket",
    "WhepSessions",
    "annotate",
    "default_addresses",
    "held_snapshot",
    "jpeg",
    "next_frame",
    "predictions_of",
    "snapshot",
    "utc_text",
]


def __getattr__(name: str) -> Any:
    """Import the WebRTC part, and aiortc with it, on first use: files and snapshots need neither."""
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from . import webrtc

    return getattr(webrtc, name)
