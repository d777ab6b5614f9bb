"""Connections that never get to the point, and a program that is told to end while something hangs."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections.abc import Sequence
from pathlib import Path

import pytest

from pipeline import Graph, parse
from server.configuration import ConfigFile
from server.run import serve
from tests.server.served import Served

WAITS_S = 10.0
POST = b"POST /whep/still HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/sdp\r\nContent-Length: 3\r\n\r\n"


def connected(served: Served, sent: bytes = b"") -> socket.socket:
    url = served.client.base_url
    connection = socket.create_connection((url.host, url.port or 0), WAITS_S)
    connection.sendall(sent)
    return connection


def test_a_head_that_never_ends_is_hung_up_on(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("server.http.protocol.HEAD_S", 0.2)
    with Served(tmp_path) as served:
        body = connected(served, POST)
        for started in (b"", b"GET /healthz HT", b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n\r\nGET /he"):
            with connected(served, started) as slow:
                while slow.recv(4096):
                    pass
        body.sendall(b"v=0")
        assert body.recv(4096).startswith(b"HTTP/1.1 400 "), "a body may take its time"
        body.close()
        assert served.client.get("/healthz").status_code == 200


def test_a_body_that_does_not_come_is_refused_when_the_server_ends(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with Served(tmp_path) as served:
        body = connected(served, POST)
        assert served.client.get("/healthz").status_code == 200
    assert body.recv(4096).startswith(b"HTTP/1.1 503 ")
    body.close()
    assert not [record for record in caplog.records if record.exc_info]


def test_a_signal_ends_a_start_that_hangs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    back, announced = threading.Event(), list[Sequence[str]]()

    def hangs(graph: Graph) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        assert back.wait(WAITS_S)

    monkeypatch.setattr(Graph, "open", hangs)
    text = "cameras: [{name: scene, model: test_pattern}]\nserver: {port: 0}\n"
    serve(ConfigFile(parse(text, "test.yaml", tmp_path)), announced.append)
    assert announced == []
    back.set()
