"""Read the pictures of anything FFmpeg opens, on one thread, and be closed from another."""

from __future__ import annotations

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
from av.stream import Disposition
from av.video.stream import VideoStream

from .interrupt import interruptible

# The decoders that may share a picture among several threads: they were tried with damaged data, and make the same
# pictures of it as with one thread. All others get one. H.264 is why: with slice threads FFmpeg conceals no damage, and
# most of the picture turns green; with enable_er it does, but differently from run to run. HEVC and VP8 differ too. One
# thread delays nothing and costs nothing in H.264, where nearly all encoders write one slice per picture: 10 ms of CPU
# time at 1080p, 11 with slice threads. Frame threads are never used: they delay the picture by a frame each, and what
# they make of damage is a matter of luck (H.264, HEVC, MPEG-4), or they lose the last frame (VP9).
_SHARES_PICTURES = frozenset({"libdav1d", "vp9", "mpeg1video", "mpeg2video", "prores", "dnxhd"})


class ContainerClosed(Exception):
    """It was closed, now or while this call waited."""


class NoVideo(Exception):
    """It was opened, and holds no moving picture."""


@dataclass(frozen=True, slots=True)
class Opening:
    """How to open something: what ``av.open`` is told.

    Attributes:
        url: What FFmpeg is given: never shown to anybody, it may hold a password.
        format: Name of the demuxer, where it is not to be guessed.
        options: Options for demuxer, protocol and decoder.
        open_timeout_s: Deadline of the opening; ``None``: none.
        read_timeout_s: Deadline of each reading.
    """

    url: str = field(repr=False)
    format: str | None = None
    options: Mapping[str, str] = field(default_factory=dict)
    open_timeout_s: float | None = None
    read_timeout_s: float | None = None


class Container:
    """One opened file, device or stream. ``open`` and ``next_frame`` belong to one thread; ``close`` may come from any.

    Nothing is ever freed under a running call: when one runs, ``close`` only tells it to end (within a fraction of a
    second, or at its deadline), and it is that call which lets go on its way out.

    Attributes:
        closing: Set by ``close``; whoever waits on behalf of this container waits on it.
        dropped: Packets that could not be decoded.
        waited_s: How long the last packet kept the reader waiting.
        received_at: Wall-clock time at which the last packet came; ``received_at_s`` the same on the monotonic clock.
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
        """Open it, or open it again from the beginning.

        Raises:
            FFmpegError: when it cannot be opened.
            NoVideo: when nothing in it is a moving picture.
            ContainerClosed: when ``close`` was called.
        """
        with self._in_use():
            self._let_go()
            opening = self._opening
            self._container = av.open(
                opening.url,
                format=opening.format,
                options=dict(opening.options),
                timeout=(opening.open_timeout_s, opening.read_timeout_s),
                metadata_errors="replace",
            )
            # A cover picture in a music file is no video.
            streams = [
                stream
                for stream in self._container.streams.video
                if not stream.disposition & Disposition.attached_pic and stream.codec_context is not None
            ]
            # FFmpeg renders any text file as a terminal would show it.
            if not streams or self.format == "tty":
                raise NoVideo
            self._stream = streams[0]
            codec = self._stream.codec_context
            codec.thread_type = "SLICE" if codec.name in _SHARES_PICTURES else "NONE"
            self._frames = self._decoded(self._container, self._stream)

    def next_frame(self) -> av.VideoFrame | None:
        """Return the next picture, or ``None`` at the end.

        Raises:
            FFmpegError: when reading fails.
            ContainerClosed: when ``close`` was called.
        """
        with self._in_use():
            return None if self._frames is None else next(self._frames, None)

    def close(self) -> None:
        """Let go of it, now or as soon as the call that uses it has ended. Harmless when called twice."""
        self.closing.set()
        self._let_go_if_idle()

    @property
    def format(self) -> str:
        """Name of the demuxer, empty before it is open."""
        return self._container.format.name if self._container is not None else ""

    @property
    def frame_rate(self) -> Fraction | None:
        """Frames per second as declared or guessed."""
        return None if self._stream is None else self._stream.average_rate or self._stream.guessed_rate

    @property
    def duration_s(self) -> float | None:
        """Length of the video as declared; ``None`` for what has none, as live streams."""
        if self._stream is None or self._container is None:
            return None
        if self._stream.duration is not None and self._stream.time_base is not None:
            return float(self._stream.duration * self._stream.time_base)
        whole = self._container.duration
        return whole / av.time_base if whole is not None and whole > 0 else None

    def _decoded(self, container: InputContainer, stream: VideoStream) -> Generator[av.VideoFrame, None, None]:
        # Closed by hand, because its end takes the deadline off the container, which must be off when that is closed.
        demuxed = cast("Generator[av.Packet[VideoStream], None, None]", container.demux(stream))
        with closing(demuxed) as packets:
            while True:
                began_s = time.monotonic()
                packet = next(packets, None)
                if packet is None:
                    return
                self.received_at_s = time.monotonic()
                self.received_at = time.time()
                self.waited_s = self.received_at_s - began_s
                try:
                    frames = packet.decode()
                except (av.error.InvalidDataError, av.error.EOFError):
                    self.dropped += 1
                    continue
                for frame in frames:
                    assert isinstance(frame, av.VideoFrame)
                    yield frame

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
                self._let_go_if_idle()

    def _stop_if_closing(self) -> None:
        if self.closing.is_set():
            raise ContainerClosed from None

    def _let_go_if_idle(self) -> None:
        if self._busy.acquire(blocking=False):
            try:
                self._let_go()
            finally:
                self._busy.release()

    def _let_go(self) -> None:
        container, self._container, frames, self._frames = self._container, None, self._frames, None
        self._stream = None
        if frames is not None:
            frames.close()
        if container is not None:
            container.close()
