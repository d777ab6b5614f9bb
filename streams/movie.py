"""Write frames to an MP4 file, each with its own time."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path

import av
from av.error import FFmpegError
from av.video.frame import PictureType

from cameras import Frame, Matrix, file_encoder_threads

from .encoding import VideoPacket, fill, fitted, tag

X264_OPTIONS = {"preset": "fast", "crf": "18", "bf": "0"}
"""Visually lossless; without B-frames the file needs no edit list, so every reader sees the times as they are."""


class Movie:
    """A writer of an MP4 file: H.264, 4:2:0, no audio.

    The first frame sets size, matrix and time base. Later frames of another size are stretched to it; odd sizes are
    padded to even ones. The times of the frames must rise.

    Raises:
        OSError: From any method, if the file cannot be written.
    """

    def __init__(self, path: Path, frame_rate: float | None) -> None:
        self._path = path
        self._frame_rate = Fraction(frame_rate or 30.0).limit_denominator(1001)
        self._container: av.container.OutputContainer | None = None
        self._stream: av.VideoStream | None = None
        self._matrix = Matrix.BT601
        self._previous: VideoPacket | None = None
        self._last_duration: int | None = None

    def write(self, frame: Frame) -> None:
        """Add a frame."""
        try:
            if self._container is None or self._stream is None:
                self._container = av.open(str(self._path), "w", format="mp4")
                self._stream = self._begin(self._container, frame)
            context = self._stream.codec_context
            picture = av.VideoFrame(context.width, context.height, "yuv420p")
            fill(picture, fitted(frame.pixels, context.width, context.height, self._matrix))
            picture.pts, picture.time_base, picture.pict_type = frame.pts, frame.time_base, PictureType.NONE
            for packet in self._stream.encode(picture):
                self._mux(packet)
        except FFmpegError as error:
            raise _unwritable(error) from error

    def finish(self) -> None:
        """Flush the encoder and complete the file."""
        if self._container is None or self._stream is None:
            raise OSError("the video has no frames")
        try:
            for packet in self._stream.encode(None):
                self._mux(packet)
            self._mux(None)
            container, self._container = self._container, None
            container.close()
        except FFmpegError as error:
            raise _unwritable(error) from error

    def abandon(self) -> None:
        """Close a file that will not be completed. Safe to call twice, or after :meth:`finish`."""
        container, self._container = self._container, None
        if container is not None:
            try:
                container.close()
            except FFmpegError:
                pass  # the caller has the reason already: it is why the file is abandoned

    def _begin(self, container: av.container.OutputContainer, frame: Frame) -> av.VideoStream:
        self._matrix = frame.pixels.matrix
        stream = container.add_stream("libx264", rate=self._frame_rate, options=X264_OPTIONS)
        height, width = frame.pixels.yuv.y.shape
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        # The muxer keeps this time base, or divides it by a whole number.
        stream.time_base = stream.codec_context.time_base = frame.time_base
        # Threads for whole frames, not for slices: on two cores they take a tenth less time, and the file is 1 %
        # smaller. The file depends on their number, but by less than 0.1 % of its size and 0.03 dB of its PSNR.
        stream.codec_context.thread_type = "FRAME"
        stream.codec_context.thread_count = file_encoder_threads()
        tag(stream.codec_context, self._matrix)
        return stream

    def _mux(self, packet: VideoPacket | None) -> None:
        """Write the packet before this one: only now is its duration known."""
        previous, self._previous = self._previous, packet
        if previous is None or self._container is None:
            return
        if packet is not None and packet.pts is not None and previous.pts is not None:
            self._last_duration = packet.pts - previous.pts
        elif self._last_duration is None and previous.time_base is not None:
            self._last_duration = max(round(1 / self._frame_rate / previous.time_base), 1)
        previous.duration = self._last_duration or 1
        self._container.mux(previous)


def _unwritable(error: FFmpegError) -> OSError:
    return error if isinstance(error, OSError) else OSError(f"the video cannot be written: {error}")
