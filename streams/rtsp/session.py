"""One RTSP session: a reader of one camera, from its first SETUP to its end."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Callable
from typing import Any, Protocol

from pipeline import Feed

from ..rtp import Layout, RtpStream, Transmitter, goodbye, receiver_report, round_trip_s
from ..viewing import Reader, Traffic
from .delivery import Delivery
from .description import PAYLOAD_TYPE
from .video import RtspVideo

TIMEOUT_S = 60.0
"""A reader over UDP that asks and reports nothing for so long is gone; it is told so in ``Session``."""
REPORT_S = 5.0
"""Interval of the sender reports (RFC 3550, section 6.2)."""
FIRST_REPORT_S = 0.5
"""Until the first one, if no picture has been sent before."""
LEAVING_S = 5.0
"""How long a reader stays that has said goodbye by RTCP only."""
HEAL_S = 2.0
"""Shortest time between two key frames for a reader that reports losses."""

_NAME = b"camweave"


class ControlConnection(Protocol):
    """The connection by which a client controls its sessions."""

    @property
    def sessions(self) -> dict[str, RtspSession]:
        """Its sessions, by their identifiers."""

    def hang_up(self) -> object:
        """Close the connection."""


class RtspSession(Reader):
    """The server side of one RTSP session. All methods run in the event loop.

    Args:
        video: Its video, which the session owns.
        host: The address of the client.
        transmitter: Shared by all sessions.
        on_end: Called once, when the session has ended in any way.

    Attributes:
        secret: The identifier of the session, which its client repeats.
        host: The address of the client.
        loss: Share of packets lost (0 to 1) in the client's last report; ``None`` before the first.
        rtt_s: Round-trip time to the client in seconds, by its last report; ``None`` before the first.
    """

    kind = "rtsp"

    def __init__(
        self,
        video: RtspVideo,
        host: str,
        transmitter: Transmitter,
        on_end: Callable[[RtspSession], object],
    ) -> None:
        super().__init__(video.camera)
        self.secret = secrets.token_hex(8)
        self.host = host
        self.loss: float | None = None
        self.rtt_s: float | None = None
        self._video = video
        self._transmitter = transmitter
        self._on_end = on_end
        self._loop = asyncio.get_running_loop()
        self._connection: ControlConnection | None = None
        self._delivery: Delivery | None = None
        self._stream: RtpStream | None = None
        self._sent = Traffic()  # by streams that others have replaced
        self._plays = False
        self._ended = False
        self._ends_at = self._loop.time() + TIMEOUT_S
        self._lost = 0
        self._healed_at = float("-inf")
        self._reporting: asyncio.TimerHandle | None = None
        self._expiry = self._loop.call_at(self._ends_at, self._expire)
        video.on_end = lambda: self.end("its camera may be watched no more")

    @property
    def plays(self) -> bool:
        """Whether it gets pictures."""
        return self._plays

    @property
    def feed(self) -> Feed:
        """The feed of its camera."""
        return self._video.feed

    @property
    def is_attached(self) -> bool:
        """Whether the connection that controls it is open."""
        return self._connection is not None

    @property
    def delivery(self) -> Delivery | None:
        """The way of its packets; ``None`` before the first :meth:`set_up`."""
        return self._delivery

    @property
    def header(self) -> str:
        """The value of the header ``Session``."""
        return f"{self.secret};timeout={TIMEOUT_S:.0f}"

    def attach(self, connection: ControlConnection | None) -> None:
        """Belong to a connection, and no longer to another one; ``None`` once that is closed."""
        if self._connection is not None:
            self._connection.sessions.pop(self.secret, None)
        self._connection = connection
        if connection is not None:
            connection.sessions[self.secret] = self

    def set_up(self, delivery: Delivery) -> str:
        """Take the way of its packets, before it plays; return the value of the header ``Transport``."""
        self.alive()
        source = secrets.randbits(32)
        self._delivery = delivery
        if self._stream is not None:
            self._sent = self._sent.plus(self._stream.traffic)
        self._stream = RtpStream(
            self._transmitter,
            Layout(PAYLOAD_TYPE, tag_bytes=0),
            None,
            lambda: delivery.path,
            source=source,
            paced=not delivery.is_lossless,
        )
        return f"{delivery.transport};ssrc={source:08X}"

    @property
    def next_number(self) -> int:
        """Sequence number of the next packet."""
        return 0 if self._stream is None else self._stream.next_number

    def watch(self) -> None:
        """Begin to take pictures, which wait for :meth:`play`.

        Raises:
            NoConnection: The server is shutting down.
        """
        self.alive()
        self._video.watch()

    def play(self) -> None:
        """Send pictures; nothing happens if it already does, or has no way for them."""
        stream, delivery = self._stream, self._delivery
        if self._plays or self._ended or stream is None or delivery is None:
            return
        self._plays = True
        self._video.play(stream, delivery)
        self._report(FIRST_REPORT_S)

    def pause(self) -> None:
        """Send no pictures until the next :meth:`play`; its place is kept."""
        self.alive()
        self._plays = False
        self._video.pause()
        if self._reporting is not None:
            self._reporting.cancel()

    def drained(self) -> None:
        """Go on: its connection has sent all that waited."""
        self._video.drained()

    def alive(self) -> None:
        """Note that the client is there: it has sent a request or a report."""
        self._ends_at = self._loop.time() + TIMEOUT_S

    def on_report(self, data: bytes) -> None:
        """Take a packet of RTCP of the client."""
        report, stream = receiver_report(data), self._stream
        if report is None or stream is None:
            return
        if report.sender == stream.source:  # a client may name our own ports as its own (RFC 3550, section 8.2)
            return
        self.alive()
        if report.is_leaving:  # by TEARDOWN too, as a rule
            self._ends_at = self._loop.time() + LEAVING_S
            self._expect_end()
        for reception in report.receptions:
            if reception.source != stream.source:
                continue
            self.loss = round(reception.share_lost, 3)
            rtt_s = round_trip_s(time.time(), reception.last_report, reception.delay)
            if rtt_s is not None:
                self.rtt_s = rtt_s
            self._heal(reception.lost)

    @property
    def traffic(self) -> Traffic:
        """What was sent so far."""
        sent = self._sent if self._stream is None else self._sent.plus(self._stream.traffic)
        return sent.plus(Traffic(skipped=self._video.skipped))

    def info(self) -> dict[str, Any]:
        """Return the session as ``/api/cameras`` shows it."""
        subscription, stream = self._video.subscription, self._stream
        encoder = None if subscription is None else subscription.encoder
        return {
            "codec": None if encoder is None else encoder.key.codec,
            "rung": None if encoder is None else encoder.rung,
            "annotations": self._video.annotations if encoder is None else encoder.key.annotated,
            "bitrate": 0 if stream is None else stream.bits_per_second,
            "loss": self.loss,
            "rtt_ms": None if self.rtt_s is None else round(1000 * self.rtt_s, 1),
        }

    def end(self, reason: str) -> None:
        """End it without a request of its client, which gets a goodbye and loses its connection."""
        if self._ended:
            return
        stream, delivery, connection = self._stream, self._delivery, self._connection
        if self._plays and stream is not None and delivery is not None:
            report = stream.report(time.time(), _NAME)
            if report is not None:
                delivery.send_report(report + goodbye(stream.source))
        self.close()
        if connection is not None:
            connection.hang_up()

    def close(self) -> None:
        """End it: the client has asked for that, or has gone. Safe to call twice."""
        if self._ended:
            return
        self._ended, self._plays = True, False
        self.attach(None)
        self._video.close()
        if self._delivery is not None:
            self._delivery.close()
        for timer in (self._expiry, self._reporting):
            if timer is not None:
                timer.cancel()
        self._on_end(self)

    def _report(self, retry_s: float = REPORT_S) -> None:
        stream, delivery = self._stream, self._delivery
        if stream is None or delivery is None:
            return
        report = stream.report(time.time(), _NAME)
        if report is not None and not delivery.is_behind(stream.bits_per_second):
            delivery.send_report(report)
        self._reporting = self._loop.call_later(retry_s if report is None else REPORT_S, self._report, retry_s)

    def _heal(self, lost: int) -> None:
        """Request a key frame after losses: this profile has no other way to ask for one."""
        now = self._loop.time()
        if lost > self._lost and now - self._healed_at >= HEAL_S:
            self._healed_at = now
            self._video.request_key_frame()
        self._lost = lost

    def _expire(self) -> None:
        """End it if its client has been silent for too long."""
        delivery = self._delivery
        # While it plays over TCP, the connection itself shows that the client is there.
        if self._plays and delivery is not None and delivery.is_lossless:
            self.alive()
        if self._loop.time() >= self._ends_at:
            self.end("it stopped responding")
        else:
            self._expect_end()

    def _expect_end(self) -> None:
        self._expiry.cancel()
        self._expiry = self._loop.call_at(self._ends_at, self._expire)
