"""The command that prints predictions: of a server, through lost connections, and of cameras that it runs itself."""

from __future__ import annotations

import json
import logging
import os
import signal
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import islice
from pathlib import Path
from typing import Any

import pytest

from cameras import Classification, Frame
from pipeline import State
from server.cli.exit_codes import Failure
from server.cli.watch import PAUSES_S, _events, received
from server.program import UsageError
from tests.serving import command
from tests.streams.fakes import picture

from ..served import CAMERAS, FOUND, Served, encoded
from .test_commands import run

TOKEN = "correct-horse-battery"
EVENT = b'id: 4\nevent: predictions\ndata: {"sequence": 4}\n\n'


@contextmanager
def no_http() -> Iterator[str]:
    """A server that answers in another protocol, once; gives its address."""
    with socket.create_server(("127.0.0.1", 0)) as listening:

        def answer() -> None:
            connection, _ = listening.accept()
            with connection:
                connection.recv(65_536)
                connection.sendall(b"RTSP/1.0 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        thread.join(20)


@pytest.fixture
def config(tmp_path: Path) -> str:
    (tmp_path / "still.png").write_bytes(encoded())
    (tmp_path / "config.yaml").write_text((CAMERAS + FOUND).replace("frame_rate: 50", "frame_rate: 50, loop: false"))
    return str(tmp_path / "config.yaml")


class Scripted(ThreadingHTTPServer):
    """A server with an answer for each request, then none; it notes what came with the requests."""

    def __init__(self, answers: Sequence[tuple[int, dict[str, str], bytes]]) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.answers = list(answers)
        self.asked: list[tuple[str, str | None, str | None]] = []
        self.url = f"http://127.0.0.1:{self.server_port}"


class _Handler(BaseHTTPRequestHandler):
    server: Scripted

    def do_GET(self) -> None:
        self.server.asked.append((self.path, self.headers["Authorization"], self.headers["Last-Event-ID"]))
        status, headers, body = self.server.answers.pop(0)
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing."""


@contextmanager
def scripted(*answers: tuple[int, dict[str, str], bytes]) -> Iterator[Scripted]:
    with Scripted(answers) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.01,))
        thread.start()
        try:
            yield server
        finally:
            server.shutdown()
            thread.join()


def test_a_camera_of_a_configuration_is_run_here_until_its_end(config: str) -> None:
    result = run("watch", config, "found")
    assert (result.exit_code, result.stderr) == (0, "")
    (line,) = map(json.loads, result.stdout.splitlines())
    assert (line["camera"], line["width_px"], line["height_px"], line["new_result"]) == ("found", 64, 48, True)
    (item,) = line["predictions"]
    assert (item["kind"], item["service"], item["y_min"], item["y_max"]) == ("detection", "red", 0, 24)


class Ended:
    """A camera that has ended while its last frame is on its way."""

    name = "porch"
    state = State.ENDED

    def __init__(self, *gets: Frame | None) -> None:
        self.gets = list(gets)
        self.root = self

    @property
    def latest(self) -> Frame:
        return replace(picture(), sequence=7)

    @contextmanager
    def watch(self) -> Iterator[Any]:
        yield self

    def get(self, timeout_s: float) -> Frame:
        frame = self.gets.pop(0)
        if frame is None:
            raise TimeoutError
        return frame


def test_the_last_frame_of_a_camera_that_has_ended_is_waited_for() -> None:
    found = replace(picture(), sequence=7).with_annotations([Classification("cat", 0.5)])
    for gets, sequences in (((None, None, found, None), [7]), ((None,) * 50, [])):
        feed: Any = Ended(*gets)
        assert [event.sequence for event in _events(feed)] == sequences
        assert not feed.gets


def test_a_camera_without_predictions_says_so(config: str, caplog: pytest.LogCaptureFixture) -> None:
    result = run("watch", config, "still")
    assert (result.exit_code, result.stdout) == (0, "")
    assert "camera still has no predictions: no transform of its chain recognises anything" in caplog.messages


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["config.yaml", "fund"], 'there is no camera "fund", did you mean "found"?'),
        (["gone.yaml", "found"], "gone.yaml"),
        (["127.0.0.1:8080", "found"], "the URL of a server, which begins with http:// or https://"),
        (["http://", "found"], "the address of a server, such as http://127.0.0.1:8080/"),
        (["http://user:hush@127.0.0.1/", "found"], "--token or CAMWEAVE_TOKEN"),
        (["http://127.0.0.1:99999/", "found"], "the URL cannot be used: Port out of range"),
    ],
)
def test_what_cannot_be_watched_is_refused(
    config: str, arguments: list[str], words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(Path(config).parent)
    result = run("watch", *arguments)
    assert (result.exit_code, result.stdout) == (2, "")
    assert words in result.stderr and "hush" not in result.stderr


def test_predictions_of_a_server_are_printed_and_a_stranger_is_refused(tmp_path: Path) -> None:
    server = f"server:\n  tokens:\n    - {{name: wall, token: {TOKEN}, rights: [view]}}\n"
    with Served(tmp_path, CAMERAS + FOUND + server) as served:
        lines = received(served.running.url, "found", TOKEN)
        events = [json.loads(line) for line in islice(lines, 3)]
        (session,) = served.client.get("/api/cameras/found", headers={"Authorization": f"Bearer {TOKEN}"}).json()[
            "sessions"
        ]
        lines.close()
        assert [event["predictions"][0]["class_name"] for event in events] == ["red"] * 3
        assert events[0]["sequence"] < events[1]["sequence"] < events[2]["sequence"]
        assert (session["kind"], session["codec"]) == ("events", "events")
        with pytest.raises(UsageError, match="give a token that may view the camera: --token or CAMWEAVE_TOKEN"):
            next(received(served.running.url, "found"))
        with pytest.raises(UsageError, match="there is no camera 'fund'"):
            next(received(served.running.url, "fund", TOKEN))


def test_a_lost_connection_is_made_again(caplog: pytest.LogCaptureFixture) -> None:
    answers = [
        (200, {}, b": a comment\n\n" + EVENT),
        (503, {"Retry-After": "30"}, b'{"detail": "the server is closing"}'),
        (502, {}, b"no JSON"),
        (200, {}, b"id: 5\r\ndata: {\r\ndata: }\r\n\r\n"),
        (404, {}, b'{"detail": "there is no camera porch"}'),
    ]
    pauses: list[float] = []
    with scripted(*answers) as server, caplog.at_level(logging.WARNING):
        lines = received(f"{server.url}/cams/", "porch", TOKEN, pauses.append)
        assert [next(lines), next(lines)] == ['{"sequence": 4}', "{}"]
        with pytest.raises(UsageError, match="there is no camera porch"):
            next(lines)
    path, bearer = "/cams/api/cameras/porch/predictions", f"Bearer {TOKEN}"
    assert server.asked == [(path, bearer, last) for last in (None, "4", "4", "4", "5")]
    assert pauses == [PAUSES_S[0], 30.0, PAUSES_S[2], PAUSES_S[0]]
    assert [record.getMessage().removeprefix(server.url) for record in caplog.records] == [
        ": the server has ended the stream; trying again",
        ": it answers again",
        ": the server has ended the stream; trying again",
    ]


def test_a_server_that_cannot_be_reached_at_first_is_a_failure() -> None:
    with scripted() as server:
        url = server.url
    with pytest.raises(Failure, match="it does not answer: connection refused"):
        next(received(url, "porch"))
    with scripted((503, {}, b"no TLS here")) as server, pytest.raises(Failure, match="its URL begins with http://"):
        next(received(server.url.replace("http", "https"), "porch"))
    with no_http() as url, pytest.raises(Failure, match="what answers speaks no HTTP"):
        next(received(url, "porch"))
    with scripted((503, {"Retry-After": "2"}, b"{}"), (200, {}, EVENT)) as server:
        pauses: list[float] = []
        assert next(received(server.url, "porch", sleep=pauses.append)) == '{"sequence": 4}'
        assert pauses == [2.0], "it is only too busy"


def test_whatever_a_server_sends_is_one_line_of_json_or_a_reason_to_try_again(
    caplog: pytest.LogCaptureFixture,
) -> None:
    answers = [
        (200, {}, b"id: \xff\0\ndata: \x1b[31m\n\n"),
        (200, {}, b"data: " + b"[" * 100_000 + b"\n\n"),
        (503, {"Retry-After": "9" * 30}, b"{}"),
        (200, {}, 'data: {"a": "\u009b"}\n\n'.encode()),
    ]
    pauses: list[float] = []
    with scripted(*answers) as server, caplog.at_level(logging.WARNING):
        assert next(received(server.url, "porch", sleep=pauses.append)) == r'{"a":"\u009b"}'
        assert [last for _, _, last in server.asked] == [None] * 4
    assert pauses == [*PAUSES_S[:2], 60.0]
    assert caplog.messages[0] == f"{server.url}: it sends what is no event; trying again"


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_0(number: int, tmp_path: Path) -> None:
    (tmp_path / "still.png").write_bytes(encoded())
    (tmp_path / "config.yaml").write_text(CAMERAS + FOUND)
    clone = str(Path(__file__).parents[3])
    arguments = [*command(), "watch", "config.yaml", "found"]
    environment = {**os.environ, "PYTHONPATH": clone}
    with subprocess.Popen(
        arguments, cwd=tmp_path, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None and process.stderr is not None
        assert json.loads(process.stdout.readline())["camera"] == "found"
        process.send_signal(number)
        assert (process.wait(20), process.stderr.read()) == (0, "")
    assert sys.executable in arguments
