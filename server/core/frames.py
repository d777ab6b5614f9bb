"""Wait for a camera's next frame or picture, on a thread."""

from __future__ import annotations

import asyncio
from typing import Literal, Protocol

from cameras import CodedPicture, Frame
from pipeline import Feed
from streams import NoFrameComes, Snapshot, held_snapshot, next_frame, snapshot, utc_text

from .backend import Backend
from .requests import NoFrame, NotFound, RequestError, Unavailable

LOOK_S = 0.25
"""How soon a request for a live stream notices that its camera will give no frame."""

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
        raise _no_frame(backend, camera, limit_s, comes=not isinstance(error, NoFrameComes)) from None


async def picture_of(
    backend: Backend,
    camera: Feed,
    annotations: bool = True,
    kind: Literal["jpeg", "png"] = "jpeg",
    width: int | None = None,
) -> Snapshot:
    """Return a camera's next frame with its encoded picture; opens the camera if needed.

    Args:
        backend: The backend with the threads that wait.
        camera: The camera.
        annotations: Whether to paint the annotations.
        kind: Format of the picture, which has no metadata.
        width: Width in pixels that a wider picture is scaled to.

    Raises:
        NoFrame: No frame came in time.
        NotFound: The camera was removed meanwhile.
        Unavailable: No thread is available.
    """
    try:
        return await backend.waits.run_for(camera.name, snapshot, camera, annotations, kind, FRAME_WITHIN_S, width)
    except TimeoutError as error:
        raise _no_frame(backend, camera, FRAME_WITHIN_S, comes=not isinstance(error, NoFrameComes)) from None


async def held_picture_of(
    backend: Backend,
    camera: Feed,
    annotations: bool = True,
    kind: Literal["jpeg", "png"] = "jpeg",
    width: int | None = None,
) -> Snapshot | None:
    """Return the newest picture that a camera holds, however old, without opening it; ``None`` if it holds none.

    Raises:
        Unavailable: No thread is available.
    """
    return await backend.waits.run_for(camera.name, held_snapshot, camera, annotations, kind, width)


def captured_at(frame: Frame | CodedPicture) -> str:
    """Return the capture time of a frame as RFC 3339 text, in UTC with microseconds."""
    return utc_text(frame.captured_at)


async def begin(backend: Backend, camera: Feed, stream: Beginning) -> None:
    """Wait for the first frame of a live stream; close the stream if none comes.

    Raises:
        NoFrame: None came in time, or none will come.
        NotFound: The camera was removed or has become private meanwhile.
        Unavailable: The stream was ended for another reason: the client may watch no longer, or the server closes.
    """
    loop = asyncio.get_running_loop()
    deadline_s = loop.time() + FRAME_WITHIN_S
    try:
        while not camera.error_lasts and loop.time() < deadline_s:
            try:
                async with asyncio.timeout(LOOK_S):
                    if await stream.ready():
                        return
                backend.public_camera(camera.name)
                raise Unavailable(f"the stream of camera {camera.name} was ended before its first frame")
            except TimeoutError:
                continue
        raise _no_frame(backend, camera, FRAME_WITHIN_S, comes=not camera.error_lasts)
    except BaseException:
        stream.close()
        raise


class Beginning(Protocol):
    """A live stream that has not begun yet."""

    async def ready(self) -> bool:
        """Wait until its first frame is here; return false if it has ended instead."""

    def close(self) -> None:
        """End it."""


def _no_frame(backend: Backend, camera: Feed, within_s: float, *, comes: bool = True) -> RequestError:
    if backend.graph.feeds.get(camera.name) is not camera:
        return NotFound(f"camera {camera.name} was removed from the configuration meanwhile")
    error = backend.error_of(camera)
    reason = f": {error}" if error else ""
    waited = f"gave no frame within {within_s:g} s" if comes else "gives no frame"
    return NoFrame(f"camera {camera.name} {waited}{reason}")
