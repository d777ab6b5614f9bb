"""The server as a process: its output, and its end."""

import asyncio
import signal
import socket
import subprocess
from pathlib import Path
from typing import Any, cast

import cv2
import httpx
import pytest

from server.run import lifecycle as run
from tests.serving import Serving, command

from ..served import CAMERAS, encoded


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "still.png").write_bytes(encoded())
    (tmp_path / "config.yaml").write_text(CAMERAS)
    return tmp_path


def test_it_prints_one_line_and_ends_with_0_after_sigterm(folder: Path) -> None:
    with Serving("config.yaml", cwd=folder) as serving:
        assert serving.client.get("/api/cameras/still/image").status_code == 200
        process = serving.process
        process.send_signal(signal.SIGTERM)
        assert process.wait(10) == 0
        assert process.stdout is not None
        assert process.stdout.read() == ""
        assert "Traceback" not in serving.errors()


def test_it_ends_soon_despite_a_waiting_request_and_open_connections(folder: Path) -> None:
    with Serving("config.yaml", cwd=folder) as serving:
        address = httpx.URL(serving.url)
        with (
            socket.create_connection((address.host, address.port)) as waiting,
            socket.create_connection((address.host, address.port)) as idle,
        ):
            waiting.sendall(b"GET /api/cameras/gone/image HTTP/1.1\r\nHost: localhost\r\n\r\n")
            idle.sendall(b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert idle.recv(15) == b"HTTP/1.1 200 OK"
            serving.process.send_signal(signal.SIGINT)
            assert serving.process.wait(8) == 0
            assert waiting.recv(12) == b"HTTP/1.1 503"
        assert "Traceback" not in serving.errors()


def test_a_part_that_does_not_close_is_abandoned(caplog: pytest.LogCaptureFixture) -> None:
    asyncio.run(run._limited("viewers", asyncio.Event().wait(), 0.01))
    assert caplog.messages == ["viewers: not closed after 0.01 s; no longer waiting"]


def test_the_url_of_an_ipv6_address_has_brackets(folder: Path) -> None:
    with Serving("config.yaml", "--host", "::1", cwd=folder) as serving:
        assert serving.url.startswith("http://[::1]:")
        assert serving.client.get("/healthz").status_code == 200


def test_with_insecure_it_serves_without_tokens(folder: Path) -> None:
    with Serving("config.yaml", "--host", "0.0.0.0", "--insecure", cwd=folder) as serving:
        assert serving.client.get("/healthz").status_code == 200


def test_a_reader_may_close_the_output_early(folder: Path) -> None:
    process = subprocess.Popen([*command(), "schema"], cwd=folder, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    errors = process.stderr.read()
    process.stderr.close()
    process.wait()
    assert b"Traceback" not in errors


def test_opencv_has_one_thread_where_cameras_are_served(monkeypatch: pytest.MonkeyPatch) -> None:
    before = cv2.getNumThreads()
    seen = []

    async def note(config: object, announce: object) -> None:
        seen.append(cv2.getNumThreads())

    for name in ("raise_file_limit", "limit_heaps"):  # of the whole process
        monkeypatch.setattr(run, name, lambda: None)
    monkeypatch.setattr(run, "_serve", note)
    cv2.setNumThreads(3)
    try:
        run.serve(cast(Any, None), lambda urls: None)
    finally:
        cv2.setNumThreads(before)
    assert seen == [1]
