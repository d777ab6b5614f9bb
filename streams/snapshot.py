"""Take a picture of a running camera, as JPEG or PNG."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Literal, NamedTuple

import cv2

from cameras import Frame, Image, SlotClosed
from pipeline import Feed, State, Watch

from .encoding import jpeg_of, narrowed

_LOOK_S = 0.05  # how soon a wait notices that no frame will come

PictureFormat = Literal["jpeg", "png"]


class NoFrameComes(TimeoutError):
    """A camera gives no frame, and will not give one unless somebody changes a file or the configuration."""


class Snapshot(NamedTuple):
    """An encoded picture without metadata, and the frame that it shows."""

    data: bytes
    mime_type: str
    frame: Frame


def jpeg(frame: Frame) -> bytes:
    """Return the picture of a frame as JPEG, without painting the annotations."""
    return _encoded(frame.image, "jpeg")


def snapshot(
    feed: Feed,
    annotations: bool = True,
    format: PictureFormat = "jpeg",
    timeout_s: float = 10.0,
    width: int | None = None,
) -> Snapshot:
    """Return a picture captured after the call, or less than a frame interval before it; opens the camera if needed.

    A camera that has ended gives its last picture. The call blocks: never make it in the event loop.

    Args:
        feed: The camera.
        annotations: Whether annotations are painted.
        format: Format of the picture.
        timeout_s: How long to wait for the frame.
        width: Width in pixels that a wider picture is scaled to.

    Raises:
        TimeoutError: As for :func:`next_frame`.
    """
    frame = next_frame(feed, timeout_s)
    shown = feed.painted(frame) if annotations else frame
    return Snapshot(_encoded(shown.image, format, width), f"image/{format}", frame)


def held_snapshot(
    feed: Feed, annotations: bool = True, format: PictureFormat = "jpeg", width: int | None = None
) -> Snapshot | None:
    """Return the newest picture that a feed holds, however old, without opening the camera; ``None`` without one."""
    frame = feed.held(annotations)
    return None if frame is None else Snapshot(_encoded(frame.image, format, width), f"image/{format}", frame)


def next_frame(feed: Feed, timeout_s: float = 10.0) -> Frame:
    """Return the frame of a snapshot without painting or encoding it.

    Raises:
        TimeoutError: No such frame came in time, or the camera was closed meanwhile.
        NoFrameComes: No frame will come: do not wait for it.
    """
    asked = _Moment.now()
    try:
        watching = feed.watch()
    except RuntimeError as error:  # the graph is closed, or no thread is available
        raise TimeoutError(str(error)) from error
    with watching as watch:
        return _frame_since(feed, watch, asked, time.monotonic() + timeout_s)


@dataclass(frozen=True)
class _Moment:
    """A moment on both clocks: frames with a trace have their time on the monotonic clock."""

    monotonic_s: float
    wall_s: float

    @classmethod
    def now(cls) -> _Moment:
        return cls(time.monotonic(), time.time())

    def age_s(self, frame: Frame) -> float:
        """Return how long before this moment a frame came; negative if it came after.

        The clock of a camera may be seconds behind without being plainly wrong, so it does not count.
        """
        if frame.received_s is not None:
            return self.monotonic_s - frame.received_s
        return self.wall_s - frame.captured_at


def _frame_since(feed: Feed, watch: Watch, asked: _Moment, deadline_s: float) -> Frame:
    while True:
        left_s = deadline_s - time.monotonic()
        try:
            frame = watch.get(min(max(left_s, 0.0), _LOOK_S))
        except SlotClosed:
            raise TimeoutError(f"camera {feed.name} was closed") from None
        except TimeoutError:
            if feed.error_lasts:
                raise NoFrameComes(f"camera {feed.name} gives no frame: {feed.error}") from None
            if left_s <= _LOOK_S:
                raise
            continue
        interval_s = 1.0 / feed.frame_rate if feed.frame_rate else 0.0
        if asked.age_s(frame) < interval_s or feed.state is State.ENDED:
            return frame


def _encoded(image: Image, format: PictureFormat, width: int | None = None) -> bytes:
    image = narrowed(image, width)
    if format == "jpeg":
        return jpeg_of(image)
    done, data = cv2.imencode(".png", image)
    if not done:
        raise RuntimeError(f"a picture of {image.shape[1]} x {image.shape[0]} could not be encoded as {format}")
    return data.tobytes()
