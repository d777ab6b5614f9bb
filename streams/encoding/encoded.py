"""An encoded picture, shared by everything that sends or records it."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from cameras import Annotation, CaptureClock, Mark, event_unit, with_event

from ..predictions import PredictionsEvent
from ..rtp import h264_payloads, vp8_payloads
from .avc import AvcPicture, avc_picture
from .codecs import CLOCK_RATE, StreamCodec

_PAYLOADS = {"h264": h264_payloads, "vp8": vp8_payloads}


@dataclass(frozen=True, eq=False)
class EncodedFrame:
    """One encoded picture with its time, as all sinks of a stream get it.

    Attributes:
        data: H.264 with start codes (Annex B) and with its parameter sets before each key frame, one frame of VP8, a
            JPEG picture, or the event as JSON.
        codec: ``h264``, ``vp8``, ``mjpeg`` or ``events``.
        pts: Presentation time in ticks of the RTP clock (1/90000 s); rises from frame to frame.
        is_key_frame: Whether a decoder can start with it.
        width: Width of the picture in pixels.
        height: Height of the picture in pixels.
        captured_at: Wall-clock time of the capture, in seconds since the epoch. For a picture that is encoded again,
            the time at which it was current.
        sequence: Number of the frame in its camera.
        annotations: The annotations of the frame, painted or not.
        trace: Stages completed so far, from the capture to ``encoded``; empty for a picture that is encoded again.
        capture_clock: Whose clock says when it was captured.
        event: The predictions of the frame as data, the same object for all streams of its camera; ``None`` where a
            test or a tool made the frame.
    """

    data: bytes
    codec: StreamCodec
    pts: int
    is_key_frame: bool
    width: int
    height: int
    captured_at: float
    sequence: int = 0
    annotations: tuple[Annotation, ...] = ()
    trace: tuple[Mark, ...] = ()
    capture_clock: CaptureClock = "arrival"
    event: PredictionsEvent | None = None

    @property
    def size(self) -> int:
        """Size in bytes."""
        return len(self.data)

    @property
    def pts_s(self) -> float:
        """Presentation time in seconds."""
        return self.pts / CLOCK_RATE

    @cached_property
    def with_event(self) -> EncodedFrame:
        """This picture (H.264) with its event as a message inside; itself without one. Made once for all readers."""
        event = self.event
        if event is None:
            return self
        unit = event_unit(event.json) or event_unit(event.short_json)
        return dataclasses.replace(self, data=with_event(self.data, unit))

    @cached_property
    def payloads(self) -> Sequence[bytes]:
        """The payloads of its RTP packets, made once for all viewers. H.264 and VP8 have them."""
        return _PAYLOADS[self.codec](self.data)

    @cached_property
    def avc(self) -> AvcPicture:
        """The picture as MP4 and FLV have it, made once for all readers. H.264 has it."""
        return avc_picture(self.data)
