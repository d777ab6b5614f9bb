"""Janus as a process: what it is given, when it is there, and that it ends."""

import socket
from pathlib import Path

import pytest

from benchmarks.measuring import ProgramError, janus_missing, running_janus
from benchmarks.measuring import janus as module

# What stands in for it: answers as its API does, or ends at once.
ANSWERS = """#!/usr/bin/env python3
import http.server, pathlib, sys

class Api(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200 if self.path == "/janus/info" else 404)
        self.send_header("Content-Length", "0")
        self.end_headers()

folder = pathlib.Path(sys.argv[sys.argv.index("-F") + 1])
pathlib.Path(__file__).with_name("given").write_text(
    " ".join(sys.argv[1:]) + "".join(file.read_text() for file in sorted(folder.glob("*.jcfg")))
)
http.server.HTTPServer(("127.0.0.1", PORT), Api).serve_forever()
"""
ENDS = "#!/bin/sh\necho no plugin >&2\nexit 3\n"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Give a folder of programs that comes first."""
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    return tmp_path


def installed(folder: Path, text: str) -> None:
    program = folder / "janus"
    program.write_text(text)
    program.chmod(0o755)


def test_it_serves_one_stream(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    installed(folder, ANSWERS.replace("PORT", str(port)))
    monkeypatch.setattr(module, "API", f"http://127.0.0.1:{port}/janus")
    assert janus_missing() == ""
    with running_janus("10.77.0.1") as running:
        assert running.url == f"http://127.0.0.1:{port}/janus"
        assert running.meter.seconds() > 0
    with pytest.raises(ProgramError, match="has ended"):
        running.meter.seconds()
    given = (folder / "given").read_text()
    assert "-i 10.77.0.1" in given
    assert f"port = {module.RTP_PORT}" in given
    assert f"id = {module.MOUNTPOINT}" in given


def test_one_that_does_not_start_says_why(folder: Path) -> None:
    installed(folder, ENDS)
    with pytest.raises(ProgramError, match="Janus does not start") as failed, running_janus("10.77.0.1"):
        raise AssertionError("it has ended")
    assert failed.value.__notes__ == ["no plugin\n"]


def test_without_it_the_reader_learns_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert "apt-get install janus" in janus_missing()
