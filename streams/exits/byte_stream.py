"""A reader that gets bytes: the frames of a shared stream through a muxer, skipping where it is slow."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import AsyncIterator, Callable
from typing import Any

from pipeline import ByteRate

from ..encoding import CLOCK_RATE, EncodedFrame, EncoderPool, PacketSink, Subscription
from ..viewing import NoConnection, NotStreamed, Reader, Readers, Traffic
from .base import Muxer

WAITING_S = 1.0
"""Most time between the oldest and the newest frame that wait for a reader."""

WAITING_BYTES = 16_000_000
"""Most bytes that wait for a reader; the group of pictures of a camera that is passed through may have 4 MB."""


class ByteStream(Reader, PacketSink):
    """The frames of a camera for one reader. All methods run in the event loop.

    Where the reader is too slow, all that waits is dropped; once it has read what was sent before, it goes on with the
    next key frame. None is requested while it stands still: the others would pay for that.

    Args:
        camera: The name of the camera.
        muxer: Turns the frames into bytes.
        on_close: Called with the stream when it is closed.

    Attributes:
        kind: The kind of the muxer.
        skipped: Number of frames dropped because the reader was slow.
        reason: Why the stream was ended; empty while it goes on, and where its reader left.
    """

    def __init__(self, camera: str, muxer: Muxer, on_close: Callable[[ByteStream], object]) -> None:
        super().__init__(camera)
        self.loop = asyncio.get_running_loop()
        self.kind = muxer.kind
        self.muxer = muxer
        self.choice = muxer.options.choice
        self.skipped = 0
        self.reason = ""
        self._on_close = on_close
        self._subscription: Subscription | None = None
        self._waiting: deque[EncodedFrame] = deque()
        self._waiting_bytes = 0
        self._arrived = asyncio.Event()
        self._end = asyncio.Event()
        self._overflowed = False
        self._needs_key = True
        self._begun = False
        self._shift: int | None = None
        self._last = 0
        self._rate = ByteRate(time.monotonic)
        self._size = 0

    @property
    def _ended(self) -> bool:
        return self._end.is_set()

    def subscribe(self, subscription: Subscription) -> None:
        """Take the subscription that the frames come from; closed with the stream."""
        self._subscription = subscription

    def push(self, frame: EncodedFrame) -> bool:
        """Take a frame, or drop it if the reader is slow. Always true: the stream requests its key frame by itself."""
        if self._ended or self._overflowed or (self._needs_key and not frame.is_key_frame):
            self.skipped += self._begun
            return True
        self._needs_key = False
        waiting = self._waiting
        if waiting and self.muxer.newest_wins:
            self.skipped += len(waiting)
            waiting.clear()
            self._waiting_bytes = 0
        waiting.append(frame)
        self._waiting_bytes += frame.size
        if self._waiting_bytes > WAITING_BYTES or frame.pts - waiting[0].pts > WAITING_S * CLOCK_RATE:
            self.skipped += len(waiting)
            waiting.clear()
            self._waiting_bytes = 0
            self._overflowed = True
        self._arrived.set()
        return True

    def end(self, reason: str = "its camera may be watched no more") -> None:
        """End the stream. Safe to call twice."""
        if not self._ended:
            self.reason = reason
            self._end.set()
            self._arrived.set()

    async def wait_ended(self) -> None:
        """Wait until the stream has ended; what was sent before may not have left."""
        await self._end.wait()

    def close(self) -> None:
        """Leave: the reader gets no more. Safe to call twice."""
        self._end.set()
        self._arrived.set()
        if self._subscription is not None:
            self._subscription.close()
        self._waiting.clear()
        self._on_close(self)

    async def ready(self) -> bool:
        """Wait until the first frame is here; return false if the stream has ended instead."""
        while not (self._waiting or self._ended):
            self._arrived.clear()
            await self._arrived.wait()
        return not self._ended

    async def frames(self) -> AsyncIterator[tuple[EncodedFrame, int] | None]:
        """Yield the frames with their times, and ``None`` after each ``Muxer.idle_s`` without one.

        The times are those of :meth:`Muxer.frame`.
        """
        while True:
            while not self._waiting and not self._ended:
                if self._overflowed:  # the reader has read all that was sent before
                    self._overflowed, self._needs_key = False, True
                    if self._subscription is not None:
                        self._subscription.request_key_frame()
                self._arrived.clear()
                try:
                    async with asyncio.timeout(self.muxer.idle_s):
                        await self._arrived.wait()
                except TimeoutError:
                    yield None
            if self._ended:
                return
            if not self._waiting:
                continue
            frame = self._waiting.popleft()
            self._waiting_bytes -= frame.size
            self._begun = True
            yield frame, self._time(frame)

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Yield the bytes of the stream, as far as the muxer has any to send."""
        begun = False
        async for item in self.frames():
            if item is None:
                data = self.muxer.idle()
            else:
                frame, pts = item
                head = b"" if begun else self.muxer.begin(frame)
                begun = True
                data = head + self.muxer.frame(frame, pts)
            if data:
                self.sent(len(data))
                yield data

    def sent(self, size: int) -> None:
        """Count bytes of the stream; whoever takes :meth:`frames` calls it."""
        self._rate.add(size)
        self._size += size

    @property
    def traffic(self) -> Traffic:
        """What was sent so far."""
        return Traffic(self._size, self.skipped)

    def info(self) -> dict[str, Any]:
        """Return the reader as ``/api/cameras`` shows it."""
        subscription = self._subscription
        encoder = None if subscription is None else subscription.encoder
        return {
            "codec": self.muxer.codec,
            "rung": None if encoder is None else encoder.rung,
            "annotations": self.muxer.options.annotations if encoder is None else encoder.key.annotated,
            "bitrate": self._rate.bits_per_second,
            "loss": None,
            "rtt_ms": None,
        }

    def _time(self, frame: EncodedFrame) -> int:
        """Return the time of a frame for the muxer: streams that take turns may have times that go back."""
        if self._shift is None:
            self._shift = -frame.pts
        elif frame.pts + self._shift <= self._last:
            self._shift = self._last + 1 - frame.pts
        self._last = frame.pts + self._shift
        return self._last


def open_stream(
    readers: Readers,
    encoders: EncoderPool,
    camera: str,
    muxer: Muxer,
    client: str = "",
    withdrawal: Callable[[], str] = lambda: "",
) -> ByteStream:
    """Return a stream of a camera; the caller iterates over it and closes it.

    Args:
        readers: The table that it joins.
        encoders: The source of the frames.
        camera: The name of the camera.
        muxer: Turns the frames into bytes.
        client: The key by which clients are counted, such as their address.
        withdrawal: Returns why the reader may stay no longer; empty while it may.

    Raises:
        ViewingError: UnknownCamera, NotStreamed, NoConnection or TooManyPeersOfAddress.
    """
    feed = readers.feed(camera)
    if muxer.codec in ("h264", "vp8") and muxer.codec not in feed.config.stream.codecs:
        raise NotStreamed(
            f"{muxer.path} needs {muxer.codec}, and camera {camera} streams {' and '.join(feed.config.stream.codecs)} "
            "only (stream.codecs)"
        )
    muxer.frame_rate = lambda: min(
        (rate for rate in (feed.config.stream.frame_rate, feed.root.frame_rate) if rate), default=None
    )
    stream = ByteStream(feed.name, muxer, readers.leave)
    readers.enter(stream, client, withdrawal)
    options = muxer.options
    try:
        subscription = encoders.subscribe(
            feed, muxer.codec, stream, annotations=options.annotations, options=options.encoding
        )
        if options.wants_events:
            subscription.want_events()
        stream.subscribe(subscription)
    except RuntimeError as error:
        stream.close()
        readers.feed(camera)  # it may just have been removed
        raise NoConnection("the server is shutting down") from error
    return stream
