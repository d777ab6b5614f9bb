"""A picture as the camera has coded it."""

from __future__ import annotations

import dataclasses
import time
from dataclasses import dataclass
from fractions import Fraction

import av
from av.error import FFmpegError

from ..picture import Frame, Mark, Pixels, pixels_from_av, received_in
from ..timing import CaptureClock


@dataclass(frozen=True, slots=True, eq=False)
class CodedPicture:
    """One picture of a stream in H.264, undecoded. Immutable; its times are those that its frame has or would have.

    The pictures from a key frame on are complete and in order: each can be decoded with those before it.

    Attributes:
        data: The picture with start codes (Annex B), a key frame with its parameter sets.
        is_key: Whether it needs no other picture, and no later one looks past it.
        width: Width of the shown picture in pixels.
        height: Its height.
        pts: Presentation time in ticks of ``time_base``; pictures are shown in the order in which they come.
        time_base: Seconds per tick.
        captured_at: Wall-clock time of the capture, in seconds since the epoch.
        sequence: Number of the picture in its source, that of its frame too.
        trace: Stages completed so far, as of a frame.
        capture_clock: Which clock says when it was captured.
    """

    data: bytes
    is_key: bool
    width: int
    height: int
    pts: int
    time_base: Fraction
    captured_at: float
    sequence: int = 0
    trace: tuple[Mark, ...] = ()
    capture_clock: CaptureClock = "arrival"

    @property
    def received_s(self) -> float | None:
        """When it came to this machine, on the monotonic clock; ``None`` without a trace."""
        return received_in(self.trace)

    @property
    def time_s(self) -> float:
        """Presentation time in seconds."""
        return float(self.pts * self.time_base)

    def frame(self, pixels: Pixels) -> Frame:
        """Return the frame of this picture with its decoded pixels."""
        return Frame(
            pixels,
            self.pts,
            self.time_base,
            self.captured_at,
            self.sequence,
            trace=self.trace,
            capture_clock=self.capture_clock,
        )

    def decoded(self) -> Pixels | None:
        """Decode it, a key frame, by itself; ``None`` where that fails."""
        decoder = av.CodecContext.create("h264", "r")
        assert isinstance(decoder, av.VideoCodecContext)
        decoder.options = {"max_pixels": str((self.width + 64) * (self.height + 64))}
        decoder.thread_type = "NONE"
        try:
            frames = [*decoder.decode(av.Packet(self.data)), *decoder.decode(None)]
        except (FFmpegError, MemoryError):
            return None
        return pixels_from_av(frames[0]) if frames else None

    def retimed(self, pts: int, time_base: Fraction, sequence: int) -> CodedPicture:
        """Return this picture with other timing, for components that manage the time of a stream."""
        return dataclasses.replace(self, pts=pts, time_base=time_base, sequence=sequence)

    def marked(self, stage: str, at_s: float | None = None) -> CodedPicture:
        """Return this picture with a completed stage added to its trace; ``at_s`` defaults to now."""
        return dataclasses.replace(self, trace=(*self.trace, Mark(stage, time.monotonic() if at_s is None else at_s)))
