"""Encode the frames of one camera, once for all viewers."""

from __future__ import annotations

from fractions import Fraction

import av
from av.video.codeccontext import VideoCodecContext
from av.video.frame import PictureType

from cameras import Frame, Yuv

from .codecs import (
    CLOCK_RATE,
    KEY_FRAME_INTERVAL_S,
    CodecName,
    EncoderSettings,
    VideoPacket,
    default_bitrate,
    default_preset,
    open_codec,
)
from .planes import bt601, fill, scaled

_RTP_TIME_BASE = Fraction(1, CLOCK_RATE)

LOW_SHARE = 1 / 3
"""Share of the bits per second that the low rung has: a quarter of the pixels, which differ more from each other."""


class VideoEncoder:
    """Encodes frames to H.264 (Annex B, with parameter sets before every key frame) or VP8.

    The encoder buffers no frames: each frame gives its packet at once. The size of the picture may change at any frame;
    a new encoder then starts with a key frame. Odd sizes are padded to even ones. The stream is BT.601 and tagged so.
    On the low rung a picture has half its width and height, and the stream ``LOW_SHARE`` of the bits per second.

    Packet times are ticks of the RTP clock (90 kHz) and rise with every packet, even if those of the frames do not.

    Not thread-safe: use it from one thread at a time.
    """

    def __init__(
        self,
        codec: CodecName,
        *,
        frame_rate: float = 30.0,
        bitrate: int | None = None,
        key_frame_interval_s: float | None = None,
        preset: str | None = None,
        low: bool = False,
    ) -> None:
        self.codec: CodecName = codec
        self._frame_rate = frame_rate
        self._bitrate = bitrate
        self._key_frame_interval_s = key_frame_interval_s or KEY_FRAME_INTERVAL_S
        self._preset = preset
        self._low = low
        self.settings: EncoderSettings | None = None
        self._context: VideoCodecContext | None = None
        self._picture: av.VideoFrame | None = None
        self._last: int | None = None

    @property
    def size(self) -> tuple[int, int] | None:
        """Width and height of the encoded pictures in pixels; ``None`` before the first one."""
        return None if self.settings is None else (self.settings.width, self.settings.height)

    def encode(self, frame: Frame, *, key: bool = False, later_s: float = 0.0) -> list[VideoPacket]:
        """Return the packets of a frame; ``key`` forces a key frame.

        ``later_s`` is added to the time of the frame, for a frame that is encoded again because no newer one comes.

        Raises:
            FFmpegError: The encoder failed; the next call starts a new one.
        """
        planes = bt601(frame.pixels)
        height, width = planes.y.shape
        bitrate = self._bitrate or default_bitrate(width, height, self._frame_rate)
        if self._low:
            planes, bitrate = scaled(planes, half_size(planes)), round(bitrate * LOW_SHARE)
        settings = self._settings_for(planes, bitrate)
        try:
            if self._context is None or self._picture is None or settings != self.settings:
                self.close()
                self._context, self.settings = open_codec(settings), settings
                self._picture = av.VideoFrame(settings.width, settings.height, "yuv420p")
            fill(self._picture, planes)
            self._picture.pts = self._rtp_time(frame, later_s)
            self._picture.time_base = _RTP_TIME_BASE
            # The picture is reused, and still has the type of the last frame.
            self._picture.pict_type = PictureType.I if key else PictureType.NONE
            packets = self._context.encode(self._picture)
        except Exception:
            self.close()
            raise
        for packet in packets:
            packet.time_base = _RTP_TIME_BASE
        return packets

    def close(self) -> None:
        """Drop the encoder; the next frame starts a new one. Safe to call twice."""
        self._context = self._picture = self.settings = None

    def _settings_for(self, planes: Yuv, bitrate: int) -> EncoderSettings:
        height, width = planes.y.shape
        return EncoderSettings(
            codec=self.codec,
            width=width,
            height=height,
            frame_rate=self._frame_rate,
            bitrate=bitrate,
            key_frame_interval_s=self._key_frame_interval_s,
            preset=self._preset or default_preset(width, height),
        )

    def _rtp_time(self, frame: Frame, later_s: float) -> int:
        ticks: int = round(frame.pts * frame.time_base * CLOCK_RATE) + round(later_s * CLOCK_RATE)
        if self._last is not None:
            ticks = max(ticks, self._last + 1)
        self._last = ticks
        return ticks


def half_size(planes: Yuv) -> tuple[int, int]:
    """Return half the width and height of a picture, rounded to even numbers."""
    height, width = planes.y.shape
    return max(width // 4 * 2, 2), max(height // 4 * 2, 2)
