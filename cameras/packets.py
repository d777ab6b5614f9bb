"""The packets of an input, with the deadline of each wait, and one whole picture in each."""

from __future__ import annotations

import math
import struct
import time
from collections import deque
from collections.abc import Collection, Generator, Sequence
from contextlib import closing
from typing import cast

import av
from av.container import InputContainer
from av.error import FFmpegError
from av.stream import Stream
from av.video.stream import VideoStream

from .interrupt import wake_at
from .picture import FrameNumbers, Part, has_picture, part_of
from .timing import seconds

NO_LIMIT_S = 1e5
"""A timeout for FFmpeg that never passes: without any it would not notice :func:`wake_at`."""

# RTP carries the pictures of these codecs in pieces; FFmpeg puts those of all others together.
_IN_PIECES = frozenset({"h264", "hevc", "mpeg4", "mpeg1video", "mpeg2video", "h263", "h261", "cavs"})
# Formats whose packets may state when they were captured, as RTCP sender reports tell.
_WITH_CLOCK = frozenset({"rtsp", "rtp", "sdp"})
_START_CODE = b"\0\0\1"
# A silence that says that a picture is complete.
_COMPLETE_S = 0.4
_AT_ONCE_S = 0.15
_SLOW_S = 0.3
_INTERVALS = 4
_PATIENCE = 2.5


class NoData(Exception):
    """Nothing has arrived for longer than allowed.

    Attributes:
        silent_s: How long that is.
    """

    def __init__(self, silent_s: float) -> None:
        super().__init__(f"no data for {silent_s:g} s")
        self.silent_s = silent_s


class Packets:
    """Reads the packets of one open input, on one thread.

    * The limit of a wait grows with the interval of a slow camera, which is unknown until the second picture.
    * ``in_pieces`` says that FFmpeg was told not to put pictures together (``noparse``). That is done here, since
      FFmpeg does it only when the next picture begins. A picture ends where the time changes, or where another begins
      (the clocks of some cameras give two pictures the same time).

    Attributes:
        waited_s: Time that the last picture took to begin, in seconds.
        received_at: Wall-clock arrival time of the last picture.
        received_at_s: The same on the monotonic clock.
        clock_offset_s: Wall-clock time of the last picture's capture by the camera's clock, less its time of
            presentation; ``None`` as long as the camera has not sent its clock.
        lost: Whether pictures are missing before the last one.
        limit_s: How long the next picture may take, in seconds; infinite without a limit.
    """

    def __init__(
        self,
        container: InputContainer,
        video: VideoStream,
        *,
        others: bool = False,
        in_pieces: bool = False,
        first_timeout_s: float | None = None,
        timeout_s: float | None = None,
    ) -> None:
        self.waited_s = 0.0
        self.received_at = 0.0
        self.received_at_s = 0.0
        self.clock_offset_s: float | None = None
        self.lost = False
        self._container = container
        self._video = video
        # With other streams too, control returns while only these have packets.
        self._streams: Sequence[Stream] = container.streams.get() if others else [video]
        self._in_pieces = in_pieces and video.codec_context.name in _IN_PIECES
        self._first_timeout_s = first_timeout_s
        self._timeout_s = timeout_s
        self._intervals: deque[float] = deque(maxlen=_INTERVALS)
        self.limit_s = patience_s(timeout_s, first_timeout_s, ())
        self._has_clock = container.format.name in _WITH_CLOCK
        self._index = video.index
        self._codec = video.codec_context.name
        self._pieces: list[bytes] = []
        self._first: av.Packet[Stream] | None = None
        self._pts: int | None = None
        self._has_data = False
        # The next picture tells that the last one is complete, but that of a slow camera is late.
        self._is_slow = True
        codec = video.codec_context
        # RTP itself numbers its packets, but FFmpeg does not tell which are missing.
        self._numbers = FrameNumbers(codec.extradata or b"") if in_pieces and codec.name == "h264" else None

    def read(self) -> Generator[av.Packet[Stream], None, None]:
        """Yield the packets, those of the video with one whole picture each.

        Raises:
            NoData: Nothing has arrived for too long.
            FFmpegError: Reading fails.
        """
        ended = False
        while not ended:
            # Close FFmpeg's generator explicitly: its end clears the deadline, which must precede the container's.
            with closing(self._demuxed()) as demuxed:
                ended = yield from self._read(demuxed)

    def _demuxed(self) -> Generator[av.Packet[Stream], None, None]:
        return cast("Generator[av.Packet[Stream], None, None]", self._container.demux(self._streams))

    def _read(self, demuxed: Generator[av.Packet[Stream], None, None]) -> Generator[av.Packet[Stream], None, bool]:
        """Yield packets until the end; or return false when waiting was interrupted, so it has to begin again."""
        index, pieces, now_s = self._index, self._pieces, time.monotonic()  # the same list throughout
        while True:
            began_s, complete_s = now_s, math.inf
            if pieces and self._is_slow:
                # A reader that comes late finds the rest at once.
                complete_s = max(self.received_at_s + _COMPLETE_S, began_s + _AT_ONCE_S)
            late_s = began_s + self.limit_s
            wake_at(min(late_s, complete_s))
            try:
                try:
                    packet = next(demuxed, None)
                    if pieces and not self._is_slow:
                        packet = self._after_pieces(packet, demuxed)
                        began_s = max(began_s, self.received_at_s)
                finally:
                    wake_at(None)  # at once: another thread may close the generator, and this one read another input
            except IndexError:  # PyAV, at the end, for a stream that appeared after the start (damaged MPEG-TS)
                packet = None
            except FFmpegError:
                now_s = time.monotonic()
                if now_s >= complete_s:
                    yield from self._whole()
                    return False
                if now_s >= late_s:
                    raise NoData(self.limit_s) from None
                raise
            now_s = time.monotonic()
            if now_s >= late_s:
                raise NoData(self.limit_s)  # it was only what FFmpeg's parser had left
            if packet is None or packet.stream_index != index or not packet.size:
                if packet is None or packet.stream_index == index:
                    yield from self._whole()
                if packet is None:
                    return True
                yield packet
                now_s = time.monotonic()
                continue
            if not self._in_pieces:
                self._arrived(began_s, now_s)
                self.received_at = time.time()
                self._take_clock(packet)
                yield packet
                now_s = time.monotonic()
                continue
            arrived_s = now_s
            if pieces and self._takes(packet):
                self.received_at_s = arrived_s
                continue
            yield from self._whole()
            now_s = time.monotonic()
            self._arrived(began_s, arrived_s)
            self._first, self._pts, self._has_data = packet, packet.pts, False
            self._takes(packet)

    def _after_pieces(
        self, packet: av.Packet[Stream] | None, demuxed: Generator[av.Packet[Stream], None, None]
    ) -> av.Packet[Stream] | None:
        """Take the further pieces of a picture, of which there may be thousands a second, and return what follows."""
        index, monotonic = self._index, time.monotonic
        while packet is not None and packet.stream_index == index and packet.size and self._takes(packet):
            self.received_at_s = monotonic()
            packet = next(demuxed, None)
        return packet

    def _takes(self, packet: av.Packet[Stream]) -> bool:
        """Take a piece if it belongs to the picture that has begun; return whether it does."""
        if packet.pts != self._pts:
            return False
        data = bytes(packet)
        # Most pieces have no start code, and then need no closer look.
        if _START_CODE in data[:4] and (part := part_of(self._codec, data)) is not Part.FURTHER:
            if self._has_data:
                return False
            self._has_data = part is Part.FIRST or has_picture(self._codec, data)
        self._pieces.append(data)
        return True

    def _arrived(self, began_s: float, now_s: float) -> None:
        """Note that a picture begins to arrive."""
        intervals = self._intervals
        if self.received_at_s:
            intervals.append(now_s - self.received_at_s)
            self.limit_s = patience_s(self._timeout_s, self._first_timeout_s, intervals)
            self._is_slow = len(intervals) < _INTERVALS or max(intervals) >= _SLOW_S
        self.waited_s, self.received_at_s = now_s - began_s, now_s

    def _take_clock(self, packet: av.Packet[Stream]) -> None:
        """Take from the first packet of a picture when it was captured by the camera's clock."""
        if not self._has_clock or not packet.has_sidedata("prft") or packet.pts is None:
            return
        (microseconds,) = struct.unpack_from("=q", packet.get_sidedata("prft"))
        self.clock_offset_s = microseconds / 1e6 - seconds(packet.pts, packet.time_base)

    def _whole(self) -> Generator[av.Packet[Stream], None, None]:
        """Yield the picture that the pieces make."""
        first, number = self._first, len(self._pieces)
        if first is None or not number:
            return
        data = b"".join(self._pieces)
        self._pieces.clear()
        self.received_at = time.time() - (time.monotonic() - self.received_at_s)
        self._take_clock(first)
        self.lost = self._numbers is not None and self._numbers.skips(data)
        packet = first
        if number > 1:
            packet = av.Packet(data)
            packet.stream = self._video
            packet.pts, packet.time_base = first.pts, first.time_base
        yield packet


def patience_s(timeout_s: float | None, first_timeout_s: float | None, intervals: Collection[float]) -> float:
    """Return how long to wait for the next picture of a camera; infinite without a limit.

    Args:
        timeout_s: The limit as declared.
        first_timeout_s: Limit for opening; it holds too until the second picture shows how slow the camera is.
        intervals: Intervals between the last pictures, in seconds; none before the second.
    """
    if timeout_s is None:
        return math.inf
    return max(timeout_s, _PATIENCE * max(intervals) if intervals else first_timeout_s or 0.0)
