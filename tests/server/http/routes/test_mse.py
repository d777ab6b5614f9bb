"""MP4 over a WebSocket, as Media Source Extensions want it, and over HTTP."""

from __future__ import annotations

import io
import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
import pytest

from server.core import frames
from tests.websockets import BINARY, CLOSE, TEXT, Refused, WebSocketClient, websocket

from ...conftest import check_threads, threads_now
from ...served import CAMERAS, FOUND, Served, limited

PATH = "/api/cameras/{}/stream.mp4"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("mse"), CAMERAS + FOUND) as running:
        yield running
    check_threads(before)


@contextmanager
def opened(served: Served, name: str = "still", query: str = "") -> Iterator[WebSocketClient]:
    with websocket(served.running.url, PATH.format(name) + query) as client:
        yield client


def refusal(served: Served, name: str, query: str = "") -> tuple[int, str]:
    with pytest.raises(Refused) as refused, opened(served, name, query):
        pass
    return refused.value.status, refused.value.detail


@pytest.fixture(autouse=True)
def nobody_watches(served: Served) -> None:
    """Wait until the readers of the test before have left."""
    deadline = time.monotonic() + 10
    while any(camera["viewers"] for camera in served.client.get("/api/cameras").json()):
        assert time.monotonic() < deadline


def messages(client: WebSocketClient, count: int) -> list[bytes]:
    """Return the next binary messages."""
    found: list[bytes] = []
    while len(found) < count:
        message = client.receive()
        if message.opcode == BINARY:
            found.append(message.data)
    return found


def test_its_type_comes_first_then_the_head_and_a_fragment_for_each_picture(served: Served) -> None:
    with opened(served) as client:
        opcode, text = client.receive()
        assert opcode == TEXT
        assert json.loads(text) == {"mime": 'video/mp4; codecs="avc1.42C00C"'}
        head, *fragments = messages(client, 4)
        assert (head[4:8], {each[4:8] for each in fragments}) == (b"ftyp", {b"moof"})
        client.send(TEXT, b"what a client says means nothing")
        messages(client, 3)
        (session,) = served.client.get("/api/cameras/still").json()["sessions"]
        assert (session["kind"], session["codec"], session["rung"]) == ("mp4", "h264", "64x48")
        assert session["bitrate"] > 0
    with av.open(io.BytesIO(b"".join([head, *fragments])), "r") as video:
        shown = [(frame.width, frame.height) for frame in video.decode(video=0)]
    assert shown == [(64, 48)] * 3


def test_over_http_it_is_the_same_without_messages(served: Served) -> None:
    with served.client.stream("GET", PATH.format("found") + "?annotations=false") as response:
        assert response.headers["content-type"] == "video/mp4"
        data, chunks = b"", response.iter_raw()
        while data.count(b"moof") < 3:
            data += next(chunks)
        (session,) = served.client.get("/api/cameras/found").json()["sessions"]
    assert (session["kind"], session["annotations"]) == ("mp4", False)
    with av.open(io.BytesIO(data), "r") as video:
        assert next(video.decode(video=0)).width == 64


def test_refusals_are_problems(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(frames, "FRAME_WITHIN_S", 0.1)
    monkeypatch.setattr(frames, "LOOK_S", 0.01)
    assert refusal(served, "unknown") == (404, "there is no camera 'unknown'")
    assert refusal(served, "secret") == (404, "there is no camera 'secret'")
    status, detail = refusal(served, "gone")
    assert (status, detail[:26]) == (503, "camera gone gave no frame ")
    status, detail = refusal(served, "still", "?annotations=perhaps")
    assert (status, detail[:12]) == (422, "annotations:")
    with limited(served, viewers_per_address=1), opened(served) as client:
        client.receive()
        status, detail = refusal(served, "still")
        assert (status, detail[:24]) == (429, "there are 1 viewers from")


def test_it_says_goodbye_when_the_server_closes(tmp_path: Path) -> None:
    with Served(tmp_path, CAMERAS) as fresh, opened(fresh) as client:
        client.receive()
        fresh.stop()
        while (message := client.receive()).opcode != CLOSE:
            pass
        assert message.code == 1001
