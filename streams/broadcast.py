"""One running encoder: the frames of a camera encoded once, its packets handed to everybody who watches."""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from cameras import Frame, SlotClosed
from pipeline import Reports, RunningCamera, Watch

from .codecs import CodecName, VideoPacket
from .encoder import Encoder
from .keyframes import KeyFrameRequests
from .pace import Pace
from .rates import ByteRate
from .track import PacketTrack

logger = logging.getLogger(__name__)

STANDSTILL_S = 0.1
"""A wanted key frame waits this long for a new frame; then the last one is encoded again."""

END_LIMIT_S = 5.0
"""How long the thread may take to end."""


@dataclass(frozen=True)
class BroadcastKey:
    """What one running encoder gives: there is one for each that somebody watches."""

    camera: str
    codec: CodecName
    annotated: bool


class Broadcast:
    """An encoder on its own thread (``encoder CAMERA CODEC``) with the tracks of its viewers.

    The thread runs from :meth:`start` to :meth:`stop` and asks the camera for frames only in between. A frame's packets
    come to the event loop in one call. A failing encoder is counted, reported and built anew; viewers stay.

    All methods are for the event loop; :meth:`ask_key_frame` is for any thread.
    """

    def __init__(
        self,
        camera: RunningCamera,
        key: BroadcastKey,
        loop: asyncio.AbstractEventLoop,
        make_encoder: Callable[[RunningCamera, CodecName], Encoder] | None = None,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self.camera = camera
        self.key = key
        self.frames = 0
        self.key_frames = 0
        self._loop = loop
        self._make_encoder = make_encoder or encoder_for
        self._monotonic = monotonic
        self._requests = KeyFrameRequests(monotonic)
        self._rate = ByteRate(monotonic)
        self._tracks: tuple[PacketTrack, ...] = ()
        self._stopping = threading.Event()
        self._watch: Watch | None = None
        self._encoder: Encoder | None = None
        self._size: tuple[int, int] | None = None
        self._reports = Reports(logger, f"camera {camera.name}", monotonic)
        self._pace = Pace(camera.config.stream.frame_rate)
        self._ended = asyncio.Event()
        self._thread = threading.Thread(target=self._main, name=f"encoder {camera.name} {key.codec}", daemon=True)

    @property
    def rung(self) -> str | None:
        """The size of the encoded picture, as ``1280x720``; ``None`` before the first one."""
        return None if self._size is None else f"{self._size[0]}x{self._size[1]}"

    def start(self) -> None:
        """Begin to encode."""
        self._watch = self.camera.watch()
        self._thread.start()

    def join(self) -> PacketTrack:
        """Return a track for one more viewer; it begins with the next key frame, which is asked for."""
        track = PacketTrack(self.ask_key_frame)
        self._tracks = (*self._tracks, track)
        self.ask_key_frame()
        return track

    def leave(self, track: PacketTrack) -> bool:
        """Let a viewer go; return whether nobody is left."""
        self._tracks = tuple(other for other in self._tracks if other is not track)
        track.stop()
        return not self._tracks

    def ask_key_frame(self) -> None:
        """Ask for a key frame: the next frame becomes one, or a repetition of the last if no next one comes."""
        if self._requests.ask() and self._watch is not None:
            self._watch.wake()

    def stop(self) -> None:
        """Tell the thread to end. Harmless when called twice."""
        self._stopping.set()
        if self._watch is not None:
            self._watch.close()

    async def wait(self) -> None:
        """Wait until the thread has ended, up to a limit."""
        if self._thread.ident is None:
            return
        try:
            async with asyncio.timeout(END_LIMIT_S):
                await self._ended.wait()
        except TimeoutError:
            logger.warning("camera %s: its %s encoder does not end; it is left behind", self.key.camera, self.key.codec)
        else:
            self._thread.join(END_LIMIT_S)

    def status(self) -> dict[str, Any]:
        """Return what ``/api/cameras`` shows of it."""
        return {
            "codec": self.key.codec,
            "rung": self.rung,
            "annotations": self.key.annotated,
            "frames": self.frames,
            "key_frames": self.key_frames,
            "bitrate": self._rate.bits_per_second,
        }

    def _main(self) -> None:
        try:
            self._run()
        finally:
            if self._watch is not None:
                self._watch.close()
            self._tell(self._ended.set)

    def _run(self) -> None:
        assert self._watch is not None
        last: Frame | None = None
        last_at = 0.0
        while not self._stopping.is_set():
            try:
                frame = self._watch.get(self._requests.wait_s(STANDSTILL_S) if last is not None else None)
            except SlotClosed:
                return
            except TimeoutError:
                # Woken to look again, or nothing new came for a viewer who needs a key frame.
                if last is not None and self._requests.wait_s(STANDSTILL_S) == 0.0:
                    self._encode(last, later_s=self._monotonic() - last_at)
                continue
            if self._pace.skips(frame):
                continue
            last, last_at = frame, self._monotonic()
            self._encode(frame)

    def _encode(self, frame: Frame, later_s: float = 0.0) -> None:
        started = self._monotonic()
        try:
            if self._encoder is None:
                self._encoder = self._make_encoder(self.camera, self.key.codec)
            picture = self.camera.painted(frame) if self.key.annotated else frame
            packets = self._encoder.encode(picture, key=self._requests.wait_s() == 0.0, later_s=later_s)
        except Exception as error:  # whatever the encoder does, its viewers stay
            logger.debug("camera %s: encoder", self.camera.name, exc_info=True)
            self.camera.counters.add("errors")
            self._reports.warn(f"its {self.key.codec} encoder failed ({error}); a new one is started")
            self._encoder = None
            self._requests.ask()
            return
        done = self._monotonic()
        self._count(frame, packets)
        self.camera.latency.add("encode", done - started)
        if later_s == 0.0 and frame.trace:
            self.camera.latency.add("total", done - frame.trace[0].at_s)
        self._tell(lambda: self._deliver(packets))

    def _count(self, frame: Frame, packets: list[VideoPacket]) -> None:
        self._size = (frame.width, frame.height)
        self.frames += 1
        self.camera.counters.add("encoded")
        for packet in packets:
            self._rate.add(packet.size)
            if packet.is_keyframe:
                self.key_frames += 1
                self._requests.served()

    def _deliver(self, packets: list[VideoPacket]) -> None:
        for track in self._tracks:
            for packet in packets:
                track.push(packet)

    def _tell(self, action: Callable[[], None]) -> None:
        try:
            self._loop.call_soon_threadsafe(action)
        except RuntimeError:  # the loop is closed: nobody listens any more
            self._stopping.set()


def encoder_for(camera: RunningCamera, codec: CodecName) -> Encoder:
    """Return the encoder that a camera's ``stream:`` asks for."""
    stream = camera.config.stream
    root = camera
    while root.source is not None:
        root = root.source
    return Encoder(
        codec,
        frame_rate=min(max(stream.frame_rate or root.frame_rate or 30.0, 1.0), 120.0),
        bitrate=stream.bitrate,
        key_frame_interval_s=stream.key_frame_interval_s,
        preset=stream.preset,
    )
