"""The RTP stream of one viewer: its own numbers, time and keys on packets that are made once for all."""

from __future__ import annotations

import asyncio
import secrets
import struct
import time
import weakref
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import NamedTuple, Protocol

from pylibsrtp import Session

from ..viewing import Traffic
from .layout import Layout
from .packets import CALL_BYTES_MAX, Call, laid_out, restamped
from .path import Path
from .reports import sender_report
from .srtp import SendBuffer, SrtpError

CLOCK_RATE = 90_000
"""Ticks per second of the RTP video clock."""

HISTORY_S = 1.5
"""How long packets can be sent again."""

AT_ONCE_BYTES = 32_000
"""A picture up to this size leaves at once."""

BURST_BYTES = 16_000
"""A larger one leaves in bursts of at most this size, which buffers of switches and radio links hold."""

LEAST_RATE = 20_000_000
"""Bits per second at which bursts leave, at least; else ``BURST_FACTOR`` times the rate of the stream."""

BURST_FACTOR = 4

INTERVAL_SHARE = 0.9
"""Share of the interval between two pictures in which all bursts of one leave, even if their rate is then higher."""

STAMP_S = 0.002
"""How exact the time of sending of a burst is. Receivers look at differences of tens of milliseconds."""

REPEATS_MAX_BYTES = 256_000
"""Most bytes that are sent again at once; after that, as many as are sent for the first time."""

_HISTORY_TICKS = int(HISTORY_S * CLOCK_RATE)


class Picture(Protocol):
    """An encoded picture, as ``streams.encoding.EncodedFrame``."""

    @property
    def is_key_frame(self) -> bool:
        """Whether a decoder can start with it."""

    @property
    def pts(self) -> int:
        """Presentation time in ticks of the RTP clock."""

    @property
    def captured_at(self) -> float:
        """Wall-clock time of the capture."""

    @property
    def size(self) -> int:
        """Size in bytes."""

    @property
    def payloads(self) -> Sequence[bytes]:
        """The payloads of its packets."""


@dataclass(frozen=True)
class Repeats:
    """How packets are sent again (RFC 4588).

    Attributes:
        payload_type: Payload type of these packets.
        source: Their SSRC.
    """

    payload_type: int
    source: int


class SharedLayout:
    """A layout that several viewers have; it is found by its identity, which is faster than by its values."""

    def __init__(self, layout: Layout) -> None:
        self.layout = layout


class Transmitter:
    """What the viewers of one event loop share: the memory for SRTP, and the packets of the newest picture."""

    def __init__(self) -> None:
        self.buffer = SendBuffer()
        self._shared: weakref.WeakValueDictionary[Layout, SharedLayout] = weakref.WeakValueDictionary()
        self._picture: Picture | None = None
        self._calls: dict[SharedLayout, tuple[Call, ...]] = {}
        self._stamped: dict[int, tuple[Call, Call, float]] = {}  # the identity of a call and the call, as sent when

    def shared(self, layout: Layout) -> SharedLayout:
        """Return a layout as all viewers share it that have it now."""
        found = self._shared.get(layout)
        if found is None:
            found = self._shared[layout] = SharedLayout(layout)
        return found

    def calls(self, picture: Picture, shared: SharedLayout) -> tuple[Call, ...]:
        """Return the packets of a picture, laid out once for all viewers with the same layout."""
        if picture is not self._picture:
            self._picture = picture
            self._calls, self._stamped = {}, {}
        calls = self._calls.get(shared)
        if calls is None:
            limit = CALL_BYTES_MAX if picture.size <= AT_ONCE_BYTES else BURST_BYTES
            calls = laid_out(picture.payloads, shared.layout, time.time(), picture.captured_at, limit)
            self._calls[shared] = calls
        return calls

    def stamped(self, call: Call) -> Call:
        """Return a burst with the time of sending; the same for all viewers for whom it leaves about now."""
        now = time.time()
        found = self._stamped.get(id(call))
        if found is None or not 0.0 <= now - found[2] < STAMP_S:
            found = self._stamped[id(call)] = call, restamped(call, now), now
        return found[1]


class RtpStream:
    """Sends pictures to one viewer, and packets again that it has missed. Use it in the event loop.

    Their times rise, whatever streams they come from: a picture that is not later than the last one shifts all further
    ones.

    Args:
        transmitter: Shared by all streams of the loop.
        layout: The layout of the packets.
        session: The outgoing SRTP session; used here only, and for RTCP. ``None`` sends plain RTP.
        path: Returns the present way to the viewer; ``None`` while there is none.
        source: The SSRC.
        repeats: How packets are sent again; ``None`` repeats them unchanged.
        paced: Whether a large picture leaves in bursts; over TCP, that paces them itself, it need not.

    Attributes:
        source: The SSRC.
        packets: Number of packets sent.
        repeated: Number of packets sent again.
        asked: Number of packets that the viewer has missed (NACK).
        dropped: Number of pictures dropped because the socket was full.
    """

    def __init__(
        self,
        transmitter: Transmitter,
        layout: Layout,
        session: Session | None,
        path: Callable[[], Path | None],
        *,
        source: int,
        repeats: Repeats | None = None,
        paced: bool = True,
    ) -> None:
        self.packets = self.repeated = self.asked = self.dropped = 0
        self._transmitter = transmitter
        if repeats is None:
            # A packet that is sent again has the number of the first one, so it may not differ in its time of sending:
            # two messages with one number betray the key of AES-GCM.
            layout = replace(layout, extensions=replace(layout.extensions, send_time=0))
        self._layout = layout
        self._shared = transmitter.shared(layout)
        self._session = session
        self._path = path
        self.source = source
        self._repeats = repeats
        self._paced = paced
        self._repeat_layout = layout if repeats is None else replace(layout, payload_type=repeats.payload_type)
        # In the lower half, so that a receiver that misses the first packets does not miss a wrap of the numbers
        # with them, without which it cannot decrypt (RFC 3711, section 3.3.1).
        self._next = secrets.randbelow(1 << 15)
        self._next_repeat = secrets.randbelow(1 << 15)
        self._offset = secrets.randbits(32)
        self._octets = 0
        self._broken = False
        self._allowance = REPEATS_MAX_BYTES
        self._history: deque[_Sent] = deque()
        self._last: Picture | None = None
        self._pts = 0
        self._shift = 0
        self._pushed_at_s = 0.0
        self._interval_s = 0.0
        self._bursts: deque[Call] = deque()
        self._pause_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._timestamp = 0

    @property
    def next_number(self) -> int:
        """Sequence number of the next packet."""
        return self._next

    @property
    def bits_per_second(self) -> int:
        """Bits of pictures per second, over the last ``HISTORY_S``."""
        if not self._history or time.monotonic() - self._pushed_at_s > HISTORY_S:
            return 0
        return round(8 * sum(sent.size for sent in self._history) / HISTORY_S)

    @property
    def timestamp(self) -> int:
        """The RTP timestamp of the last picture."""
        return self._timestamp

    @property
    def traffic(self) -> Traffic:
        """What was sent so far."""
        return Traffic(self._octets, self.dropped, self.packets, self.asked, self.repeated)

    def push(self, picture: Picture) -> bool:
        """Send a picture; return whether there was room. If not, the viewer needs a key frame next."""
        while self._bursts and self._send_burst():
            pass
        if self._broken:
            self._broken = False
            if not picture.is_key_frame:
                return False
        pts, size, history = picture.pts + self._shift, picture.size, self._history
        if self._last is not None:
            if pts <= self._pts:
                # From another stream of the camera, which lags behind the last one: time never goes back.
                self._shift += self._pts + 1 - pts
                pts = self._pts + 1
            self._interval_s = (pts - self._pts) / CLOCK_RATE
        self._timestamp = timestamp = (self._offset + pts) & 0xFFFFFFFF
        self._last, self._pts = picture, pts
        self._pushed_at_s = time.monotonic()
        while history and pts - history[0].pts > _HISTORY_TICKS:
            history.popleft()
        history.append(_Sent(self._next, timestamp, pts, size, picture.payloads, picture.captured_at))
        if self._allowance < REPEATS_MAX_BYTES:
            self._allowance += size
        calls = self._transmitter.calls(picture, self._shared)
        if size > AT_ONCE_BYTES and self._paced:
            self._bursts.extend(calls)
            rate = max(LEAST_RATE, BURST_FACTOR * self.bits_per_second)
            self._pause_s = 8 * BURST_BYTES / rate
            if self._interval_s > 0:  # unknown at the first picture, the largest of all
                self._pause_s = min(self._pause_s, INTERVAL_SHARE * self._interval_s / len(calls))
            self._begin_burst()
        else:
            for call in calls:
                if not self._has_sent(call):
                    self._drop()
                    break
        fits, self._broken = not self._broken, False
        return fits

    def repeat(self, numbers: Iterable[int]) -> None:
        """Send packets again, by their sequence numbers; those that are too old are ignored."""
        history = self._history
        for number in numbers:
            self.asked += 1
            if not history:
                continue
            oldest = history[0].first
            place = (number - oldest) & 0xFFFF
            if place < (self._next - oldest) & 0xFFFF:
                found = bisect_right(history, place, key=lambda sent: (sent.first - oldest) & 0xFFFF) - 1
                sent = history[found]
                self._repeat(number, sent, (number - sent.first) & 0xFFFF)

    def report(self, now: float, name: bytes) -> bytes | None:
        """Return a sender report, as plain RTCP; ``None`` before the first picture.

        Its RTP time is that of ``now``, by the capture of the last picture: receivers learn the time of each capture.

        Args:
            now: Wall-clock time.
            name: The canonical name of the source.
        """
        if self._last is None:
            return None
        timestamp = self._offset + self._pts + round((now - self._last.captured_at) * CLOCK_RATE)
        return sender_report(self.source, now, timestamp, self.packets, self._octets, name)

    def close(self) -> None:
        """Drop what waits. Safe to call twice."""
        self._bursts.clear()
        self._history.clear()
        if self._timer is not None:
            self._timer.cancel()

    def _has_sent(self, call: Call) -> bool:
        path = self._path()
        if path is None:
            return True  # the connection is about to end
        number = self._next
        packets = self._transmitter.buffer.sealed(call, self._session, number, self._timestamp, self.source)
        left = path.send(packets, call.segment_bytes)
        # Numbers of packets that have not left are used again: with the same key, no two packets may have one.
        self._next = (number + left) & 0xFFFF
        self.packets += left
        self._octets += call.octets if left == len(call.starts) else left * (call.octets // len(call.starts))
        return left == len(call.starts)

    def _send_burst(self) -> bool:
        """Send the next burst of a picture; return whether there was room."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        call = self._bursts.popleft()
        if self._layout.extensions.send_time:
            call = self._transmitter.stamped(call)
        if not self._has_sent(call):
            self._drop()
            return False
        return True

    def _begin_burst(self) -> None:
        """Send the next burst, and plan the one after it."""
        if self._send_burst() and self._bursts:
            self._timer = asyncio.get_running_loop().call_later(self._pause_s, self._begin_burst)

    def _drop(self) -> None:
        """Give up a picture that has no room."""
        self.dropped += 1
        self._broken = True
        self._bursts.clear()

    def _repeat(self, number: int, sent: _Sent, place: int) -> None:
        payload, path, repeats = sent.payloads[place], self._path(), self._repeats
        if path is None or len(payload) > self._allowance:
            return
        self._allowance -= len(payload)
        source = self.source
        if repeats is not None:
            payload = struct.pack("!H", number) + payload
            number, source = self._next_repeat, repeats.source
            self._next_repeat = (number + 1) & 0xFFFF
        is_last = place == len(sent.payloads) - 1
        (call,) = laid_out([payload], self._repeat_layout, time.time(), sent.captured_at, is_end=is_last)
        try:
            packet = self._transmitter.buffer.sealed(call, self._session, number, sent.timestamp, source)
        except SrtpError:
            return  # without RTX: too old for libsrtp, which lets only so many of the last numbers repeat
        self.repeated += path.send(packet, len(call.data))


class _Sent(NamedTuple):
    """A picture that was sent: what is needed to send its packets again."""

    first: int
    timestamp: int
    pts: int
    size: int
    payloads: Sequence[bytes]
    captured_at: float
