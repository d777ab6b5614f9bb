"""Decoding of video frames through FFmpeg on one thread, closable from another."""

from __future__ import annotations

import math
import threading
import time
from collections.abc import Generator, Iterator, Mapping
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from fractions import Fraction
from typing import cast

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Disposition, Stream
from av.video.stream import VideoStream

from .base import CameraError
from .interrupt import interruptible
from .picture import MAX_PIXELS
from .timing import PictureDeadline

# Decoders that may use slice threads: in measurements with damaged data, they decoded the same pictures as with one
# thread. All others use one. With slice threads FFmpeg conceals no damage in H.264, and most of the picture turns
# green; with enable_er it does, but differently from run to run. HEVC and VP8 differ too. One thread adds no delay and
# no cost in H.264, where nearly all encoders write one slice per picture: 10 ms of CPU time at 1080p, 11 with slice
# threads. Frame threads are never used: each delays the picture by a frame, and with damaged data they are
# nondeterministic (H.264, HEVC, MPEG-4) or lose the last frame (VP9).
_SLICE_THREADED = frozenset({"libdav1d", "vp9", "mpeg1video", "mpeg2video", "prores", "dnxhd"})


class ContainerClosed(Exception):
    """The container is closed, or was closed during this call."""


class PictureTooLarge(CameraError):
    """The input has larger pictures than allowed."""

    def __init__(self, max_pixels: int, size: str = "", *, lasting: bool = True) -> None:
        what = f"{size} pixels" if size else "too many pixels, or are damaged"
        super().__init__(f"its pictures have {what}; at most {max_pixels} are allowed", lasting=lasting)


class NoVideo(Exception):
    """The input has no video stream."""


class NoPictures(Exception):
    """Data arrives, but pictures do not; the message says what is missing."""


@dataclass(frozen=True, slots=True)
class Opening:
    """The arguments of ``av.open``.

    Attributes:
        url: URL for FFmpeg; it may contain a password, so never show it.
        format: Name of the demuxer; ``None`` lets FFmpeg detect it.
        options: Options for demuxer, protocol and decoder.
        open_timeout_s: Limit for opening; ``None`` for no limit.
        read_timeout_s: Limit for each read; ``None`` for no limit.
        pictures: Whether data without pictures is an error (:class:`NoPictures`).
        max_pixels: Most pixels of a picture. The decoder checks it before it takes memory for one.
    """

    url: str = field(repr=False)
    format: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    open_timeout_s: float | None = None
    read_timeout_s: float | None = None
    pictures: bool = False
    max_pixels: int = MAX_PIXELS


class Container:
    """One open file, device or stream. Call ``open`` and ``next_frame`` from one thread; ``close`` from any.

    ``close`` never frees resources of a running call: it signals that call to end (within a fraction of a second, or at
    its deadline), and the call releases them as it returns.

    Attributes:
        closing: Set by ``close``; code that waits for this container waits for this event too.
        dropped: Number of packets that could not be decoded.
        waited_s: Time that the last packet took to arrive, in seconds.
        received_at: Wall-clock arrival time of the last packet.
        received_at_s: The same on the monotonic clock.
    """

    def __init__(self, opening: Opening) -> None:
        self.closing = threading.Event()
        self.dropped = 0
        self.waited_s = 0.0
        self.received_at = 0.0
        self.received_at_s = 0.0
        self._opening = opening
        self._busy = threading.Lock()
        self._container: InputContainer | None = None
        self._stream: VideoStream | None = None
        self._frames: Generator[av.VideoFrame, None, None] | None = None

    def open(self) -> None:
        """Open the input, or reopen it from the start.

        Raises:
            FFmpegError: The input cannot be opened.
            NoVideo: The input has no video stream.
            PictureTooLarge: The input has larger pictures than allowed.
            ContainerClosed: ``close`` was called.
        """
        with self._in_use():
            self._release()
            opening = self._opening
            # For the decoders that find out what the input is, and below for the one that decodes it. They count the
            # columns that their alignment adds, so some pictures that they let pass are refused below.
            limit = {"max_pixels": str(opening.max_pixels * 9 // 8 + 4096)}
            self._container = av.open(
                opening.url,
                format=opening.format,
                options={**opening.options, **limit},
                timeout=(opening.open_timeout_s, opening.read_timeout_s),
                metadata_errors="replace",
            )
            # The cover picture of a music file does not count as video.
            streams = [
                stream
                for stream in self._container.streams.video
                if not stream.disposition & Disposition.attached_pic and stream.codec_context is not None
            ]
            # FFmpeg renders any text file as a terminal (demuxer "tty").
            if not streams or self.format == "tty":
                raise NoVideo
            self._stream = streams[0]
            codec = self._stream.codec_context
            codec.options = {**codec.options, **limit}
            self._check_size(codec.width, codec.height)
            codec.thread_type = "SLICE" if codec.name in _SLICE_THREADED else "NONE"
            self._frames = self._decoded(self._container, self._stream)

    def next_frame(self) -> av.VideoFrame | None:
        """Return the next frame, or ``None`` at the end.

        Raises:
            FFmpegError: Reading fails.
            NoPictures: Data arrives, but no pictures.
            PictureTooLarge: The pictures are larger than allowed.
            ContainerClosed: ``close`` was called.
        """
        with self._in_use():
            return None if self._frames is None else next(self._frames, None)

    def close(self) -> None:
        """Release the container, now or when the running call returns. Safe to call twice."""
        self.closing.set()
        self._release_if_idle()

    @property
    def format(self) -> str:
        """Name of the demuxer; empty before ``open``."""
        return self._container.format.name if self._container is not None else ""

    @property
    def frame_rate(self) -> Fraction | None:
        """Declared or estimated frames per second."""
        return None if self._stream is None else self._stream.average_rate or self._stream.guessed_rate

    @property
    def duration_s(self) -> float | None:
        """Declared length of the video in seconds; ``None`` if there is none, as for live streams."""
        if self._stream is None or self._container is None:
            return None
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        whole = self._container.duration
        return whole / av.time_base if whole is not None and whole > 0 else None

    def _decoded(self, container: InputContainer, stream: VideoStream) -> Generator[av.VideoFrame, None, None]:
        # With other streams too, control returns while only these have packets.
        streams = container.streams.get() if self._opening.pictures else [stream]
        deadline = PictureDeadline()
        # Close the generator explicitly: its end clears the container's deadline, which must precede its close.
        demuxed = cast("Generator[av.Packet[Stream], None, None]", container.demux(streams))
        any_decoded = False
        with closing(demuxed) as packets:
            began_s = time.monotonic()
            while True:
                try:
                    packet = next(packets, None)
                except IndexError:  # PyAV, at the end, for a stream that appeared after the start (damaged MPEG-TS)
                    packet = None
                if packet is None:
                    return
                now_s = time.monotonic()
                if packet.stream_index != stream.index:
                    if now_s - began_s > (self._opening.read_timeout_s or math.inf):
                        raise NoPictures("sound or other data arrives, but no video")
                    continue
                self.received_at_s = now_s
                self.received_at = time.time()
                self.waited_s = now_s - began_s
                try:
                    frames = packet.decode()
                except (av.error.InvalidDataError, av.error.EOFError):
                    self.dropped += 1
                    frames = []
                except (av.error.ArgumentError, MemoryError):  # how decoders refuse a size
                    raise PictureTooLarge(self._opening.max_pixels, lasting=not any_decoded) from None
                for frame in frames:
                    assert isinstance(frame, av.VideoFrame)
                    self._check_size(frame.width, frame.height)
                    any_decoded = True
                    yield frame
                if self._opening.pictures and packet.size and deadline.is_missed(len(frames), now_s):
                    raise NoPictures("data arrives, but hardly any picture can be decoded")
                began_s = time.monotonic()

    def _check_size(self, width: int, height: int) -> None:
        if width * height > self._opening.max_pixels:
            raise PictureTooLarge(self._opening.max_pixels, f"{width} x {height}")

    @contextmanager
    def _in_use(self) -> Iterator[None]:
        try:
            with self._busy, interruptible(self.closing):
                self._stop_if_closing()
                try:
                    yield
                except FFmpegError:
                    self._stop_if_closing()
                    raise
                self._stop_if_closing()
        finally:
            if self.closing.is_set():
                self._release_if_idle()

    def _stop_if_closing(self) -> None:
        if self.closing.is_set():
            raise ContainerClosed from None

    def _release_if_idle(self) -> None:
        if self._busy.acquire(blocking=False):
            try:
                self._release()
            finally:
                self._busy.release()

    def _release(self) -> None:
        container, self._container, frames, self._frames = self._container, None, self._frames, None
        self._stream = None
        if frames is not None:
            frames.close()
        if container is not None:
            container.close()
