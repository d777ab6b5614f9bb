"""The two codecs for browsers, H.264 and VP8: how to open FFmpeg's encoder of each for low latency."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Literal, TypeAlias, cast

import av
from av.video.codeccontext import VideoCodecContext

from cameras import STREAM_ENCODER_THREADS, Matrix

from .planes import tag

CLOCK_RATE = 90_000
"""Ticks per second of the RTP video clock."""

CodecName = Literal["h264", "vp8"]
"""What encoders of FFmpeg give."""

StreamCodec = Literal["h264", "vp8", "mjpeg", "events"]
"""What streams consist of. ``events`` are no pictures, but what is recognised in them, as JSON."""

# av.Packet is generic only to type checkers.
if TYPE_CHECKING:
    VideoPacket: TypeAlias = av.Packet[av.VideoStream]
else:
    VideoPacket = av.Packet

KEY_FRAME_INTERVAL_S = 10.0
"""Key frames come on demand (a viewer joins or loses packets); this interval serves clients that cannot ask."""

_BITS_PER_PIXEL = 0.1
"""Measured with superfast: 45 to 49 dB on the two street videos, 34 dB on a panning texture with noise."""

_LOWEST_BITRATE, _HIGHEST_BITRATE = 250_000, 8_000_000

# H.264 table A-1: level, macroblocks per second, macroblocks per frame, kbit/s of the Baseline profile.
_LEVELS = (
    (10, 1_485, 99, 64),
    (11, 3_000, 396, 192),
    (12, 6_000, 396, 384),
    (13, 11_880, 396, 768),
    (20, 11_880, 396, 2_000),
    (21, 19_800, 792, 4_000),
    (22, 20_250, 1_620, 4_000),
    (30, 40_500, 1_620, 10_000),
    (31, 108_000, 3_600, 14_000),
    (32, 216_000, 5_120, 20_000),
    (40, 245_760, 8_192, 20_000),
    (42, 522_240, 8_704, 50_000),
    (50, 589_824, 22_080, 135_000),
    (51, 983_040, 36_864, 240_000),
    (52, 2_073_600, 36_864, 240_000),
)


@dataclass(frozen=True)
class EncoderSettings:
    """The settings of an open encoder; another picture size needs another encoder.

    Attributes:
        codec: ``h264`` or ``vp8``.
        width: Width of the encoded picture in pixels, even.
        height: Height of the encoded picture in pixels, even.
        frame_rate: Expected frames per second; the actual rate may differ.
        bitrate: Bits per second.
        key_frame_interval_s: Longest time without a key frame.
        preset: Preset of x264; VP8 ignores it.
    """

    codec: CodecName
    width: int
    height: int
    frame_rate: float
    bitrate: int
    key_frame_interval_s: float
    preset: str


def default_bitrate(width: int, height: int, frame_rate: float) -> int:
    """Return the bits per second that suit a picture size.

    Below 10 frames per second the bitrate is that of 10: each frame differs more from the one before.
    """
    wanted = width * height * min(max(frame_rate, 10.0), 60.0) * _BITS_PER_PIXEL
    return int(min(max(wanted, _LOWEST_BITRATE), _HIGHEST_BITRATE))


def default_preset(width: int, height: int) -> str:
    """Return the x264 preset for a picture size: better quality up to 1080p, less work above."""
    return "superfast" if width * height <= 1920 * 1088 else "ultrafast"


def h264_level(width: int, height: int, frame_rate: float, bitrate: int) -> int:
    """Return the lowest H.264 level that allows this stream, times ten (31 is level 3.1)."""
    blocks = -(-width // 16) * -(-height // 16)
    for level, per_second, per_frame, kilobits in _LEVELS:
        if blocks <= per_frame and blocks * frame_rate <= per_second and bitrate <= kilobits * 1000:
            return level
    return _LEVELS[-1][0]


def open_codec(settings: EncoderSettings) -> VideoCodecContext:
    """Return an open encoder that gives one packet for each frame, without delay."""
    name = "libx264" if settings.codec == "h264" else "libvpx"
    codec = cast(VideoCodecContext, av.CodecContext.create(name, "w"))
    codec.width, codec.height, codec.pix_fmt = settings.width, settings.height, "yuv420p"
    codec.bit_rate = settings.bitrate
    codec.framerate = Fraction(settings.frame_rate).limit_denominator(1001)
    codec.time_base = Fraction(1, CLOCK_RATE)
    codec.gop_size = max(round(settings.frame_rate * settings.key_frame_interval_s), 1)
    codec.thread_count = STREAM_ENCODER_THREADS
    if settings.codec == "h264":
        _set_h264(codec, settings)
    else:
        _set_vp8(codec, settings)
    codec.open()
    return codec


def _set_h264(codec: VideoCodecContext, settings: EncoderSettings) -> None:
    codec.profile = "Baseline"
    tag(codec, Matrix.BT601)
    # Chromium takes an untagged stream for BT.709 and shows wrong greens and yellows.
    # A buffer of half a second bounds the size of a key frame, which is sent in one burst with its SPS and PPS.
    x264 = {
        "colorprim": "smpte170m",
        "transfer": "smpte170m",
        "colormatrix": "smpte170m",
        "fullrange": "off",
        "repeat-headers": "1",
        "annexb": "1",
        "scenecut": "0",
    }
    codec.options = {
        "preset": settings.preset,
        "tune": "zerolatency",
        "forced-idr": "1",
        "level": str(h264_level(settings.width, settings.height, settings.frame_rate, settings.bitrate) / 10),
        "maxrate": str(settings.bitrate),
        "bufsize": str(settings.bitrate // 2),
        "x264-params": ":".join(f"{key}={value}" for key, value in x264.items()),
    }


def _set_vp8(codec: VideoCodecContext, settings: EncoderSettings) -> None:
    codec.qmin, codec.qmax = 2, 56
    codec.options = {
        "deadline": "realtime",
        "cpu-used": "-6" if settings.width * settings.height <= 1280 * 720 else "-10",
        "lag-in-frames": "0",
        "static-thresh": "1",
        # No minrate: at a constant bitrate the first second has colours up to 6 steps off.
        "maxrate": str(settings.bitrate),
        "bufsize": str(settings.bitrate),
        "undershoot-pct": "100",
        "overshoot-pct": "15",
    }
