"""The camera that asks for a picture again and again."""

from __future__ import annotations

import threading
import time
from fractions import Fraction
from typing import ClassVar

from pydantic import Field, field_validator

from .attributes import AddressAttributes, Attributes
from .base import Camera, CameraAccessDenied, CameraError, CameraUnreachable
from .network import HttpClient, HttpClosed, HttpFailure, redact_url, url_problem
from .picture import CAMERA_DECODERS, Frame, ImageError, Mark, Pixels, decode_image
from .stream_failures import DENIED, opening_failure
from .timing import LiveTimes

BYTES_MAX = 64_000_000
"""Most bytes of a picture."""

_TIMEOUT_S = 10.0
_DAMAGED_MAX = 5  # pictures in a row that cannot be decoded
_TIME_BASE = Fraction(1, 90_000)


class SnapshotAttributes(AddressAttributes):
    """Attributes of ``model: snapshot`` in the YAML."""

    url: str = Field(repr=False, description="URL of one picture, such as http://user:password@camera.local/now.jpg.")
    interval_s: float = Field(1.0, ge=0.05, le=86_400, description="Time from one picture to the next, in seconds.")

    @field_validator("url")
    @classmethod
    def _http(cls, url: str) -> str:
        problem = url_problem(url, ("http", "https"))
        if problem is not None:
            raise ValueError(problem)
        return url


class Snapshot(Camera[SnapshotAttributes]):
    """A camera that gives one picture for each HTTP request, such as ``/snapshot.jpg``.

    * A picture that has not changed shares its pixels with the one before, so inferences run once.
    * A damaged picture is skipped and counted.
    * Redirects lead to the host itself and to public addresses only.

    Raises:
        CameraError: from ``open`` and ``read``, when the host sends no picture, or five damaged ones in a row.
        CameraUnreachable: when nothing answers.
        CameraAccessDenied: when the host does not accept user and password.
    """

    model_name: ClassVar[str] = "snapshot"
    attributes_type: ClassVar[type[Attributes]] = SnapshotAttributes

    def __init__(self, name: str, attributes: SnapshotAttributes, *, paced: bool = True) -> None:
        super().__init__(name, attributes, paced=paced)
        self._address = redact_url(attributes.full_url)
        self._polling: _Polling | None = None
        self._dropped = 0

    @property
    def frame_rate(self) -> float | None:
        """Pictures per second as declared by ``interval_s``."""
        return 1 / self.attributes.interval_s

    @property
    def dropped(self) -> int:
        """Number of pictures that could not be decoded since ``open``."""
        return self._dropped

    def open(self) -> None:
        """Get the first picture."""
        self.close()
        self._dropped = 0
        polling = self._polling = _Polling(self.attributes.full_url)
        try:
            self._poll(polling)
        except CameraError:
            self.close()
            raise

    def read(self) -> Frame:
        """Wait until the next picture is due, get it and return it."""
        polling = self._polling
        if polling is None:
            raise CameraError("closed")
        while polling.ready is None:
            if polling.closing.wait(max(polling.due_s - time.monotonic(), 0.0)):
                raise CameraError("closed")
            self._poll(polling)
        frame, polling.ready = polling.ready, None
        return frame

    def close(self) -> None:
        """End a request that is going on; a waiting call raises at once."""
        polling, self._polling = self._polling, None
        if polling is not None:
            polling.closing.set()
            polling.client.close()

    def _poll(self, polling: _Polling) -> None:
        """Get a picture into ``polling.ready``; leave that empty if it is damaged."""
        now_s = time.monotonic()
        interval_s = self.attributes.interval_s
        polling.due_s = polling.due_s + interval_s if now_s < polling.due_s + interval_s else now_s + interval_s
        data, received_s = self._picture(polling), time.monotonic()
        if data != polling.data:
            try:
                polling.pixels = Pixels.from_bgr(decode_image(data, limits=self.limits, decoders=CAMERA_DECODERS))
            except ImageError as error:
                polling.damaged += 1
                self._dropped += 1
                if polling.damaged >= _DAMAGED_MAX or polling.pixels is None:
                    raise CameraError(f"{self._address}: {error}") from None
                return
            polling.data = data
        assert polling.pixels is not None
        polling.damaged = 0
        pts = polling.times.place(None, 1, received_s)
        polling.ready = Frame(polling.pixels, pts, _TIME_BASE, time.time(), trace=(Mark("captured", received_s),))

    def _picture(self, polling: _Polling) -> bytes:
        try:
            response = polling.client.get(_TIMEOUT_S)
            status, is_video = response.status, response.content_type.startswith("multipart/")
            data = response.read_all(BYTES_MAX) if status == 200 and not is_video else b""
        except HttpClosed:
            raise CameraError("closed") from None
        except TimeoutError:
            message = f"{self._address}: no picture within {_TIMEOUT_S:g} s; the host does not answer, or sends nothing"
            raise CameraUnreachable(message) from None
        except OSError as error:
            failure, words = opening_failure(error, self.attributes.full_url)
            raise failure(f"{self._address}: {words}") from None
        except HttpFailure as failure:
            raise CameraError(f"{self._address}: {failure}") from None
        finally:
            polling.client.end()
        if status in DENIED:
            raise CameraAccessDenied(f"{self._address}: {DENIED[status]}", lasting=True)
        if status != 200:
            message = f"{self._address}: the host answers {status} instead of a picture"
            raise CameraError(message, lasting=400 <= status < 500 and status != 429)
        if is_video:
            raise CameraError(f"{self._address}: the host sends a video; use model: stream", lasting=True)
        return data


class _Polling:
    """The state between ``open`` and ``close``."""

    def __init__(self, url: str) -> None:
        self.closing = threading.Event()
        self.client = HttpClient(url)
        self.times = LiveTimes(_TIME_BASE)
        self.due_s = 0.0
        self.data: bytes | None = None
        self.pixels: Pixels | None = None
        self.damaged = 0
        self.ready: Frame | None = None
