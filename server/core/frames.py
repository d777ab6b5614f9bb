"""Wait for a camera's next frame or picture, on a thread."""

from __future__ import annotations

from typing import Literal

from cameras import CodedPicture, Frame
from pipeline import Feed
from streams import NoFrameComes, Snapshot, held_snapshot, next_frame, snapshot, utc_text

from .backend import Backend
from .requests import NoFrame, NotFound, RequestError

FRAME_WITHIN_S = 10.0
"""How long a request waits for a camera's next frame."""


async def frame_of(backend: Backend, camera: Feed, within_s: float | None = None) -> Frame:
    """Return a camera's next frame, without annotations painted; opens the camera if needed.

    Raises:
        NoFrame: No frame came in time.
        NotFound: The camera was removed meanwhile.
        Unavailable: No thread is available.
    """
    limit_s = within_s or FRAME_WITHIN_S
    try:
        return await backend.waits.run_for(camera.name, next_frame, camera, limit_s)
    except TimeoutError as error:
        raise _no_frame(backend, camera, limit_s, error) from None


async def picture_of(
    backend: Backend, camera: Feed, annotations: bool = True, kind: Literal["jpeg", "png"] = "jpeg"
) -> Snapshot:
    """Return a camera's next frame with its encoded picture; opens the camera if needed.

    Args:
        backend: The backend with the threads that wait.
        camera: The camera.
        annotations: Whether to paint the annotations.
        kind: Format of the picture, which has no metadata.

    Raises:
        NoFrame: No frame came in time.
        NotFound: The camera was removed meanwhile.
        Unavailable: No thread is available.
    """
    try:
        return await backend.waits.run_for(camera.name, snapshot, camera, annotations, kind, FRAME_WITHIN_S)
    except TimeoutError as error:
        raise _no_frame(backend, camera, FRAME_WITHIN_S, error) from None


async def held_picture_of(
    backend: Backend, camera: Feed, annotations: bool = True, kind: Literal["jpeg", "png"] = "jpeg"
) -> Snapshot | None:
    """Return the newest picture that a camera holds, however old, without opening it; ``None`` if it holds none.

    Raises:
        Unavailable: No thread is available.
    """
    return await backend.waits.run_for(camera.name, held_snapshot, camera, annotations, kind)


def captured_at(frame: Frame | CodedPicture) -> str:
    """Return the capture time of a frame as RFC 3339 text, in UTC with microseconds."""
    return utc_text(frame.captured_at)


def _no_frame(backend: Backend, camera: Feed, within_s: float, why: TimeoutError) -> RequestError:
    if backend.graph.feeds.get(camera.name) is not camera:
        return NotFound(f"camera {camera.name} was removed from the configuration meanwhile")
    error = backend.error_of(camera)
    reason = f": {error}" if error else ""
    waited = "gives no frame" if isinstance(why, NoFrameComes) else f"gave no frame within {within_s:g} s"
    return NoFrame(f"camera {camera.name} {waited}{reason}")
