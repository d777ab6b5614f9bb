"""Live streams over HTTP, as clients see them: Motion JPEG stands for all."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from itertools import islice
from pathlib import Path

import cv2
import numpy as np
import pytest
from starlette.types import Message

from server.core import frames
from server.http.access import ABORT
from server.http.routes import viewing
from server.http.routes.exits import LiveResponse
from streams import EXITS, ByteStream, EncodedFrame, Readers
from streams.exits.mjpeg import MjpegMuxer, MjpegOptions

from ...served import CAMERAS, FOUND, Served, problem

LIVE = CAMERAS + FOUND
STREAM = "/api/cameras/{}/stream.mjpg"


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Served]:
    with Served(tmp_path, LIVE) as fresh:
        yield fresh


def parts(chunks: Iterator[bytes], count: int) -> list[tuple[dict[str, str], bytes]]:
    """Return the next parts of Motion JPEG."""
    found: list[tuple[dict[str, str], bytes]] = []
    data = b""
    while len(found) < count:
        data += next(chunks)
        while data.count(b"--frame\r\n") > 1:
            _, part, data = data.split(b"--frame\r\n", 2)
            data = b"--frame\r\n" + data
            head, _, body = part.partition(b"\r\n\r\n")
            headers = dict(line.split(": ", 1) for line in head.decode().split("\r\n"))
            found.append((headers, body[: int(headers["Content-Length"])]))
    return found


def shown(data: bytes) -> np.ndarray:
    image = cv2.imdecode(np.frombuffer(data, np.uint8), cv2.IMREAD_COLOR)
    assert image is not None
    return image


def all_left(served: Served, camera: str) -> None:
    """Wait until nobody reads a camera."""

    async def wait(readers: Readers) -> None:
        while readers.sessions(camera):
            readers._left.clear()
            await readers._left.wait()

    asyncio.run_coroutine_threadsafe(wait(served.running.backend.readers), served.loop).result(10)


def test_motion_jpeg_shows_the_camera(served: Served) -> None:
    with served.client.stream("GET", STREAM.format("still")) as response:
        assert response.status_code == 200
        assert response.headers["content-type"] == "multipart/x-mixed-replace; boundary=frame"
        assert response.headers["cache-control"] == "no-store"
        chunks = response.iter_raw()
        ((headers, data),) = parts(chunks, 1)
        (session,) = served.client.get("/api/cameras/still").json()["sessions"]
    assert headers["Content-Type"] == "image/jpeg"
    assert np.abs(shown(data)[5:20, 5:60].astype(int) - (0, 0, 255)).max() < 12
    assert (session["kind"], session["codec"], session["annotations"]) == ("mjpeg", "mjpeg", False)
    all_left(served, "still")
    assert served.client.get("/api/cameras/still").json()["viewers"] == 0


def test_annotations_are_painted_unless_refused(served: Served) -> None:
    shapes = {}
    for query in ("", "?annotations=false", "?width=32"):
        with served.client.stream("GET", STREAM.format("found") + query) as response:
            shapes[query] = shown(parts(response.iter_raw(), 1)[0][1])
    assert np.abs(shapes[""].astype(int) - shapes["?annotations=false"]).max() > 100
    assert shapes["?width=32"].shape[1] == 32


def test_predictions_come_as_server_sent_events(served: Served) -> None:
    address = "/api/cameras/found/predictions"
    with served.client.stream("GET", address) as response:
        assert (response.status_code, response.headers["content-type"]) == (200, "text/event-stream; charset=utf-8")
        assert (response.headers["cache-control"], response.headers["x-accel-buffering"]) == ("no-store", "no")
        lines = response.iter_lines()
        messages = [[next(lines) for _ in range(4)] for _ in range(2)]
        (session,) = served.client.get("/api/cameras/found").json()["sessions"]
        assert served.client.get("/api/cameras/found").json()["encoders"] == []
    assert (session["kind"], session["codec"], session["annotations"]) == ("events", "events", False)
    for number, name, data, end in messages:
        event = json.loads(data.removeprefix("data: "))
        assert (number, name, end) == (f"id: {event['sequence']}", "event: predictions", "")
        assert [(item["kind"], item["class_name"]) for item in event["predictions"]] == [("detection", "red")]
    all_left(served, "found")


def test_a_reader_of_predictions_that_is_back_gets_the_newest_at_once(served: Served) -> None:
    address = "/api/cameras/still/predictions"  # which has none
    with served.client.stream("GET", address, headers={"Last-Event-ID": "3000000000"}) as response:
        assert json.loads(list(islice(response.iter_lines(), 3))[2].removeprefix("data: "))["predictions"] == []


def test_head_is_answered_without_a_stream(served: Served) -> None:
    for exit in EXITS.values():
        response = served.client.head(f"/api/cameras/still/{exit.path}")
        assert (response.status_code, response.content) == (200, b"")
        assert response.headers["content-type"].startswith(exit.media_type.partition(";")[0])
    assert served.client.get("/api/cameras/still").json()["viewers"] == 0


@pytest.mark.parametrize("exit", EXITS.values(), ids=EXITS)
def test_cameras_that_may_not_be_watched_have_no_streams(served: Served, exit: type) -> None:
    for name in ("unknown", "secret"):
        response = served.client.get(f"/api/cameras/{name}/{exit.path}")  # type: ignore[attr-defined]
        assert problem(response) == (404, f"there is no camera '{name}'")


def test_a_camera_without_a_frame_says_so(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "FRAME_WITHIN_S", 0.1)
    monkeypatch.setattr(frames, "LOOK_S", 0.01)
    status, detail = problem(served.client.get(STREAM.format("gone")))
    assert status == 503
    assert detail.startswith("camera gone gave no frame within 0.1 s")
    assert served.client.get("/api/cameras/gone").json()["viewers"] == 0


def test_absurd_parameters_are_named(served: Served) -> None:
    status, detail = problem(served.client.get(STREAM.format("still") + "?fps=0"))
    assert status == 422
    assert "fps" in detail


def test_a_client_that_does_not_read_the_end_of_its_stream_is_disconnected(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(viewing, "REST_S", 0.0)

    async def main() -> None:
        stream = ByteStream("porch", MjpegMuxer(MjpegOptions()), lambda _: None)
        blocked, aborted = asyncio.Event(), asyncio.Event()

        async def send(message: Message) -> None:
            if message.get("body"):
                blocked.set()
                await aborted.wait()  # as uvicorn does, until its connection is lost

        async def receive() -> Message:
            await aborted.wait()
            return {"type": "http.disconnect"}

        stream.push(EncodedFrame(b"jpeg", "mjpeg", 0, True, 64, 48, captured_at=0.0))
        sending = asyncio.create_task(LiveResponse(stream, "image/jpeg")({ABORT: aborted.set}, receive, send))
        await blocked.wait()
        assert not aborted.is_set()
        stream.end("the server is shutting down")
        await sending

    asyncio.run(main())


def test_streams_end_with_the_server(tmp_path: Path) -> None:
    with Served(tmp_path, LIVE) as fresh, fresh.client.stream("GET", STREAM.format("still")) as response:
        chunks = response.iter_raw()
        assert len(parts(chunks, 1)) == 1
        fresh.stop()
        assert b"".join(chunks).count(b"--frame") <= 100, "and then the end"
