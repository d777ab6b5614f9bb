"""Encoding of frames: one shared encoder per feed, codec, size and annotated or clean, and its packet sinks."""

from .codecs import CLOCK_RATE, CodecName, VideoPacket, default_bitrate, h264_level
from .encoder import VideoEncoder
from .planes import fill, fitted, tag
from .pool import EncoderPool
from .shared_encoder import EncoderKey, SharedEncoder, Subscription
from .sink import PacketSink

__all__ = [
    "CLOCK_RATE",
    "CodecName",
    "VideoEncoder",
    "EncoderKey",
    "EncoderPool",
    "PacketSink",
    "SharedEncoder",
    "Subscription",
    "VideoPacket",
    "default_bitrate",
    "fill",
    "fitted",
    "h264_level",
    "tag",
]
