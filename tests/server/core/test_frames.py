"""A camera's picture through each interface that gives one; Clarifai's gives none."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import cv2
import numpy as np
import pytest

from cameras import CameraEnded, Frame
from cameras.video_file import VideoFile, VideoFileAttributes
from pipeline import State
from server.core import NotFound, Unavailable, begin
from streams import jpeg
from tests.cameras.videos import Image, damage_video, green_share, noisy_blocks, write_video

from ..conftest import check_threads, classifier, threads_now
from ..served import CAMERAS, Served
from ..viam.clients import asked

DAMAGED, WHOLE = "damaged.mkv", "whole.mkv"
TEXT = f"""{CAMERAS}
  - {{name: damaged, model: video_file, attributes: {{path: {DAMAGED}}}}}
server: {{viam: {{port: 0}}}}
"""


def last_frame(path: Path) -> Frame:
    """Return the last frame of a video as `annotate` decodes it."""
    file, frame = VideoFile("street", VideoFileAttributes(path=path), paced=False), None
    file.open()
    with suppress(CameraEnded):
        while True:
            frame = file.read()
    file.close()
    assert frame is not None
    return frame


def decoded(data: bytes) -> Image:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(np.uint8, copy=False)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with an H.264 video twice: intact, and damaged up to its last frame."""
    folder = tmp_path_factory.mktemp("damaged")
    options = {"preset": "veryfast", "x264-params": "slices=1:bframes=0"}
    for name in (WHOLE, DAMAGED):
        write_video(folder / name, noisy_blocks(24), rate=240, options=options)
    damage_video(folder / DAMAGED, every=2)
    return folder


@pytest.fixture(scope="module")
def served(folder: Path) -> Iterator[Served]:
    """Yield a server whose camera `damaged` has ended and is still watched, so that it keeps its last frame."""
    before = threads_now()
    with Served(folder, TEXT, services=(classifier(),)) as running:
        feed = running.running.graph.feeds["damaged"]
        with feed.watch() as watch:
            while feed.state is not State.ENDED:
                with suppress(TimeoutError):
                    watch.get(0.1)
            yield running
    check_threads(before)


def snapshot_png(served: Served) -> bytes:
    return served.client.get("/api/cameras/damaged/image", headers={"Accept": "image/png"}).content


def snapshot_jpeg(served: Served) -> bytes:
    return served.client.get("/api/cameras/damaged/image").content


def prediction(served: Served) -> bytes:
    path = "/api/vision/names/classifications"
    reply = served.client.get(path, params={"camera": "damaged", "return_image": True}).json()
    return base64.b64decode(reply["image"])


def viam_get_image(served: Served) -> bytes:
    return bytes(asked(served, lambda there: there.get_image("damaged")).image)


def viam_get_images(served: Served) -> bytes:
    ((image,), _) = asked(served, lambda there: there.camera("damaged").get_images())
    return bytes(image.data)


def viam_capture_all(served: Served) -> bytes:
    captured = asked(served, lambda there: there.vision("names").capture_all_from_camera("damaged", return_image=True))
    return bytes(captured.image.data)


@pytest.mark.parametrize(
    "picture",
    [snapshot_png, snapshot_jpeg, prediction, viam_get_image, viam_get_images, viam_capture_all],
)
def test_a_damaged_stream_gives_the_pictures_of_annotate_on_every_interface(
    served: Served, folder: Path, picture: Callable[[Served], bytes]
) -> None:
    annotated = last_frame(folder / DAMAGED)
    assert not np.array_equal(annotated.image, last_frame(folder / WHOLE).image)
    expected = annotated.image if picture is snapshot_png else decoded(jpeg(annotated))
    shown = decoded(picture(served))
    np.testing.assert_array_equal(shown, expected)
    assert green_share(shown) < 0.01


@pytest.mark.anyio
async def test_a_stream_that_ends_before_its_first_frame_says_why() -> None:
    async def ended() -> bool:
        return False

    def private(name: str) -> None:
        raise NotFound(f"there is no camera {name!r}")

    closed: list[str] = []
    camera: Any = SimpleNamespace(name="porch", error_lasts=False)
    stream: Any = SimpleNamespace(ready=ended, close=lambda: closed.append("stream"))
    backend: Any = SimpleNamespace(public_camera=private)
    with pytest.raises(NotFound, match="there is no camera 'porch'"):
        await begin(backend, camera, stream)
    backend.public_camera = lambda name: camera
    with pytest.raises(Unavailable, match="the stream of camera porch was ended before its first frame"):
        await begin(backend, camera, stream)
    assert len(closed) == 2
