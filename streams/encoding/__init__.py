"""Encoding of frames: one shared encoder per feed, codec, size and annotated or clean, and its packet sinks."""

from ..predictions import EventOptions
from .avc import AvcPicture, ParameterSets, with_lengths
from .broadcast import Broadcast, EncoderKey, StreamOptions, Subscription
from .codecs import CLOCK_RATE, CodecName, StreamCodec, VideoPacket, default_bitrate, h264_level
from .encoded import EncodedFrame
from .encoder import VideoEncoder
from .jpeg import JPEG_QUALITY, JpegOptions, jpeg_of, narrowed
from .planes import fill, fitted, tag
from .pool import EncoderPool
from .shared_encoder import SharedEncoder
from .sink import PacketSink

__all__ = [
    "JPEG_QUALITY",
    "JpegOptions",
    "EventOptions",
    "StreamCodec",
    "StreamOptions",
    "jpeg_of",
    "narrowed",
    "AvcPicture",
    "Broadcast",
    "CLOCK_RATE",
    "CodecName",
    "VideoEncoder",
    "EncodedFrame",
    "EncoderKey",
    "EncoderPool",
    "PacketSink",
    "ParameterSets",
    "SharedEncoder",
    "Subscription",
    "VideoPacket",
    "default_bitrate",
    "fill",
    "fitted",
    "h264_level",
    "tag",
    "with_lengths",
]
