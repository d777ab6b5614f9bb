"""The video of a camera that sends pictures one after another over HTTP."""

from __future__ import annotations

import threading
import time
from collections import deque
from fractions import Fraction

import av
from av.error import FFmpegError

from .container import ContainerClosed, NoPictures, Opening, PictureTooLarge
from .damage import Damage
from .network import HttpClient, HttpClosed, HttpFailure, HttpResponse, PictureParts
from .packets import NoData, patience_s
from .timing import GroupSkipper

_IDLE_S = 0.3
_DECODERS = {b"\xff\xd8": "mjpeg", b"\x89P": "png"}
_DAMAGED_MAX = 30  # parts in a row without a picture


class Multipart:
    """Reads the pictures of a response; has the methods of ``Container`` that a stream uses.

    A part that is no picture, or a damaged one, costs only itself.

    Attributes:
        skipper: Chooses the pictures that are left out undecoded.

    Args:
        client: The client with the response; it is closed with this.
        response: The response.
        opening: Limits; everything else is ignored.
    """

    format = "mpjpeg"
    frame_rate = duration_s = pixel_aspect = clock_offset_s = None

    def __init__(self, client: HttpClient, response: HttpResponse, opening: Opening) -> None:
        self.closing = threading.Event()
        self.waited_s = 0.0
        self.received_at = 0.0
        self.received_at_s = 0.0
        self._client = client
        self._response = response
        self._opening = opening
        self._parts = PictureParts(str(response.headers.get_param("boundary") or ""))
        self._ready: deque[bytes] = deque()
        self._intervals: deque[float] = deque(maxlen=4)
        self._damage = Damage(drop=True)
        self._decoders: dict[str, av.VideoCodecContext] = {}
        self._refused = self._damaged = 0
        self._number = 0
        self.skipper = GroupSkipper()

    @property
    def dropped(self) -> int:
        """Number of parts that are no picture or cannot be decoded."""
        return self._damage.pictures

    def next_frame(self) -> av.VideoFrame | None:
        """Return the next picture, or ``None`` at the end.

        Raises:
            OSError: The connection breaks.
            NoData: No picture comes for too long.
            NoPictures: Data arrives, but no pictures.
            PictureTooLarge: The pictures are larger than allowed.
            ContainerClosed: ``close`` was called.
        """
        began_s = time.monotonic()
        try:
            while (data := self._next(began_s)) is not None:
                if self.skipper.is_active and self.skipper.skips(self.received_at_s, is_key=True):
                    began_s = self.received_at_s
                    continue
                frame = self._decoded(data)
                if frame is not None:
                    return frame
        except HttpClosed:
            raise ContainerClosed from None
        finally:
            if self.closing.is_set():  # perhaps during this call, which kept the connection open
                self._client.close()
        return None

    def close(self) -> None:
        """Close the connection. Safe to call twice, from any thread."""
        self.closing.set()
        self._client.close()

    def _next(self, began_s: float) -> bytes | None:
        """Wait for the next part; ``None`` at the end."""
        limit_s = patience_s(self._opening.read_timeout_s, self._opening.open_timeout_s, self._intervals)
        while not self._ready:
            left_s = began_s + limit_s - time.monotonic()
            if left_s <= 0:
                raise NoData(limit_s)
            try:
                data = self._response.read(min(left_s, _IDLE_S))
            except TimeoutError:
                self._ready.extend(self._parts.idle())
                continue
            except HttpFailure:
                return None
            if not data:
                return None
            self._ready.extend(self._parts.add(data))
        now_s = time.monotonic()
        if self.received_at_s:
            self._intervals.append(now_s - self.received_at_s)
        self.waited_s, self.received_at, self.received_at_s = now_s - began_s, time.time(), now_s
        return self._ready.popleft()

    def _decoded(self, data: bytes) -> av.VideoFrame | None:
        """Decode a part; ``None`` if that fails."""
        name = _DECODERS.get(data[:2])
        frames = []
        try:
            if name is not None:
                frames = self._decoder(name).decode(av.Packet(data))
        except (av.error.ArgumentError, MemoryError):  # how decoders refuse a size, and some damage
            self._refused += 1
            if not self._number or self._refused >= 3:
                raise PictureTooLarge(self._opening.max_pixels, lasting=not self._number) from None
        except FFmpegError:
            pass
        if not frames or not self._damage.shows(frames[0]):
            if not frames:
                self._damage.undecodable()
            self._damaged += 1
            if self._damaged > _DAMAGED_MAX:
                raise NoPictures("data arrives, but hardly any picture can be decoded")
            return None
        frame = frames[0]
        if frame.width * frame.height > self._opening.max_pixels:
            raise PictureTooLarge(self._opening.max_pixels, f"{frame.width} x {frame.height}")
        frame.pts, frame.time_base = self._number, Fraction(1, 1)  # the time is that of the arrival
        self._number += 1
        self._refused = self._damaged = 0
        return frame

    def _decoder(self, name: str) -> av.VideoCodecContext:
        if name not in self._decoders:
            decoder = av.CodecContext.create(name, "r")
            assert isinstance(decoder, av.VideoCodecContext)
            decoder.options = {"max_pixels": str(self._opening.max_pixels * 9 // 8 + 4096), "flags": "low_delay"}
            decoder.thread_type = "NONE"
            self._decoders[name] = decoder
        return self._decoders[name]
