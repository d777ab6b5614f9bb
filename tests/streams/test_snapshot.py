from __future__ import annotations

import dataclasses
import threading
import time

import cv2
import numpy as np
import pytest

from cameras import BoundingBox, CameraEnded, CameraError, Detection, Mark
from streams import NoFrameComes, jpeg, next_frame, snapshot
from streams.snapshot import PictureFormat
from tests.streams.fakes import fake_graph, picture


def decoded(data: bytes) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image.astype(np.uint8)


@pytest.mark.parametrize("format", ["jpeg", "png"])
def test_a_snapshot_opens_the_camera(format: PictureFormat) -> None:
    with fake_graph("porch") as graph:
        graph.cameras["porch"].give(picture(0, rgb=(200, 40, 40)))
        shot = snapshot(graph.feeds["porch"], format=format)
        assert shot.mime_type == f"image/{format}"
        assert (shot.frame.width, shot.frame.height) == (160, 120)
        assert np.abs(decoded(shot.data)[60, 80, ::-1].astype(int) - (200, 40, 40)).max() <= 4
        assert not graph.feeds["porch"].watched


def test_a_frame_from_before_the_request_is_not_used() -> None:
    with fake_graph("porch") as graph:
        camera, feed = graph.cameras["porch"], graph.feeds["porch"]
        with feed.watch() as watch:
            camera.give(dataclasses.replace(picture(0), trace=(Mark("captured", 0.0),)))
            watch.get(10)
            later = threading.Thread(target=lambda: camera.give(picture(7)))
            later.start()
            assert snapshot(feed).frame.sequence == 1
            later.join()


def test_a_camera_whose_clock_is_behind_gives_snapshots_at_once() -> None:
    with fake_graph("porch") as graph:
        camera, feed = graph.cameras["porch"], graph.feeds["porch"]
        with feed.watch():
            now_s = time.monotonic() + 60  # after the request, whenever that is
            camera.give(dataclasses.replace(picture(0), trace=(Mark("captured", now_s - 69), Mark("received", now_s))))
            assert snapshot(feed, timeout_s=10).frame.sequence == 0


@pytest.mark.parametrize("wanted", [True, False])
def test_annotations_are_painted_if_wanted(wanted: bool) -> None:
    box = Detection("person", 0.9, box=BoundingBox(0.25, 0.25, 0.75, 0.75))
    with fake_graph("porch") as graph:
        graph.cameras["porch"].give(picture(0, rgb=(0, 0, 0)).with_annotations([box]))
        shot = snapshot(graph.feeds["porch"], annotations=wanted, format="png")
        assert decoded(shot.data).any() == wanted
        assert len(shot.frame.annotations) == 1


def test_next_frame_neither_paints_nor_encodes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(cv2, "imencode")
    box = Detection("person", 0.9, box=BoundingBox(0.25, 0.25, 0.75, 0.75))
    with fake_graph("porch") as graph:
        graph.cameras["porch"].give(picture(0).with_annotations([box]))
        frame = next_frame(graph.feeds["porch"])
        assert [annotation.label for annotation in frame.annotations] == ["person"]
        assert graph.feeds["porch"].counters["painted"] == 0


def test_waiting_for_a_frame_times_out() -> None:
    with fake_graph("porch") as graph, pytest.raises(TimeoutError):
        snapshot(graph.feeds["porch"], timeout_s=0.01)


def test_an_ended_camera_shows_its_last_picture() -> None:
    with fake_graph("porch") as graph:
        camera, feed = graph.cameras["porch"], graph.feeds["porch"]
        with feed.watch() as watch:
            camera.give(picture(3))
            watch.get(10)
            camera.give(CameraEnded())
            camera.closed.wait(10)
            assert snapshot(feed).frame.pts == 0


def test_a_jpeg_has_no_metadata() -> None:
    data = jpeg(picture(rgb=(40, 60, 200)))
    assert data.startswith(b"\xff\xd8") and b"Exif" not in data


def test_a_closed_camera_gives_no_snapshot() -> None:
    with fake_graph("porch") as graph:
        graph.feeds["porch"].close()
        with pytest.raises(TimeoutError, match="camera porch is closed"):
            snapshot(graph.feeds["porch"])


def test_a_frame_that_will_never_come_is_not_waited_for() -> None:
    with fake_graph("porch") as graph:
        graph.cameras["porch"].refuses = [CameraError("the file is damaged", lasting=True)] * 60_000
        before = time.monotonic()
        with pytest.raises(NoFrameComes, match="^camera porch gives no frame: the file is damaged$"):
            next_frame(graph.feeds["porch"], timeout_s=60)
        assert time.monotonic() - before < 5


def test_a_camera_that_may_come_back_is_waited_for() -> None:
    with fake_graph("porch") as graph:
        graph.cameras["porch"].refuses = [CameraError("the host does not answer")] * 60_000
        with pytest.raises(TimeoutError) as missed:
            next_frame(graph.feeds["porch"], timeout_s=0.3)
        assert not isinstance(missed.value, NoFrameComes)
