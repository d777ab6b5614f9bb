"""The interface of packet sinks: a viewer's track, and anything else that sends or records a stream."""

from __future__ import annotations

import asyncio
from typing import Protocol

from .encoded import EncodedFrame


class PacketSink(Protocol):
    """Receives the frames of a shared stream, on the encoder's thread or in an event loop.

    The first is a key frame.

    A gap (the camera was offline, or its producer was exchanged) shows only in ``pts``: the next frame is later than
    the last one by the time that has passed. It need not be a key frame, and the size of the picture may have changed.
    A sink that wants a key frame, to begin a new file, calls ``Subscription.request_key_frame()`` and begins with the
    next frame that is one. ``Subscription.feed`` has the camera's state meanwhile.

    Where a sink moves to another stream of the camera, with a key frame, that may lag behind by some frames: their
    times then repeat or go back, and a sink that needs rising times shifts all further ones.

    A recorder, for example::

        class Recorder:
            loop: asyncio.AbstractEventLoop | None = None

            def push(self, frame):
                try:
                    self._queue.put_nowait(frame)
                except queue.Full:
                    return False
                return True

            def end(self):
                self._ended.set()

    Attributes:
        loop: The event loop in which the sink is called, one wake-up per frame for all sinks of a loop. ``None`` calls
            it on the encoder's thread, which must not block.
    """

    loop: asyncio.AbstractEventLoop | None

    def push(self, frame: EncodedFrame) -> bool:
        """Accept a frame without blocking; a sink that writes slowly needs a thread of its own.

        After its subscription is closed, a sink with a loop gets no more calls; on the encoder's thread one call may
        still be running.

        Returns:
            Whether the sink keeps up. False means that it dropped the frame: a key frame is then requested, and the
            sink's next frame is one.

        Raises:
            Exception: Any exception is logged and closes the subscription, without a call of ``end``.
        """

    def end(self) -> None:
        """Handle the end of the stream: the camera was removed or became private, or the pool was closed.

        Not called after the subscription was closed, nor for a gap, nor when a file has reached its end: the next
        configuration may give the camera another source. ``Subscription.feed.state`` is ``ended`` then.
        """
