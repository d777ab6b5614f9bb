"""Motion JPEG: pictures one after another in a response that does not end (``multipart/x-mixed-replace``)."""

from __future__ import annotations

from pydantic import Field

from ..encoding import JPEG_QUALITY, EncodedFrame, JpegOptions
from ..predictions import utc_text
from .base import Muxer, MuxerOptions

_BOUNDARY = b"--frame\r\n"


class MjpegOptions(MuxerOptions):
    """What a reader of Motion JPEG may choose."""

    fps: float | None = Field(default=None, ge=0.01, le=120, description="Most pictures per second.")
    quality: int = Field(default=JPEG_QUALITY, ge=1, le=100, description="Quality of the JPEG pictures.")
    width: int | None = Field(
        default=None, ge=16, le=16384, description="Width in pixels that a wider picture is scaled to."
    )

    @property
    def encoding(self) -> JpegOptions:
        """What its encoder is asked for."""
        return JpegOptions(self.width, self.fps, self.quality)


class MjpegMuxer(Muxer):
    """One part of the response for each picture, with ``X-Sequence`` and ``X-Captured-At`` as ``image`` has them.

    The boundary comes right after each picture: browsers show one when they have read the boundary behind it.
    """

    kind = "mjpeg"
    path = "stream.mjpg"
    media_type = "multipart/x-mixed-replace; boundary=frame"
    codec = "mjpeg"
    summary = "Return the pictures as Motion JPEG, which every browser shows in an ``<img>``."
    options_type = MjpegOptions
    newest_wins = True

    def begin(self, frame: EncodedFrame) -> bytes:
        """Return the first boundary."""
        return _BOUNDARY

    def frame(self, frame: EncodedFrame, pts: int) -> bytes:
        """Return a part with the picture, and the next boundary."""
        head = (
            f"Content-Type: image/jpeg\r\nContent-Length: {frame.size}\r\n"
            f"X-Sequence: {frame.sequence}\r\nX-Captured-At: {utc_text(frame.captured_at)}\r\n\r\n"
        )
        return b"".join((head.encode(), frame.data, b"\r\n", _BOUNDARY))
