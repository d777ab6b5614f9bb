"""Outputs that take nothing: a full disk, or a reader that does not read."""

from __future__ import annotations

import os
import re
import signal
import subprocess
from pathlib import Path

import httpx
import pytest

from tests.serving import command

ROOT = str(Path(__file__).parents[2])
CONFIG = """
cameras: [{name: scene, model: test_pattern, attributes: {width_px: 64, height_px: 64}}]
server: {tokens: [{name: me, token: correct-horse-battery-staple}], trusted_proxies: [127.0.0.1]}
"""


def test_a_full_stderr_stops_no_server(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG)
    with (
        open("/dev/full", "w") as full,
        subprocess.Popen(
            [*command(), "serve", "c.yaml", "--port", "0"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": ROOT},
            stdout=subprocess.PIPE,
            stderr=full,
            text=True,
        ) as program,
    ):
        assert program.stdout is not None
        url = program.stdout.readline().strip()
        assert httpx.get(f"{url}api/cameras", trust_env=False).status_code == 401
        assert httpx.get(f"{url}healthz", trust_env=False).status_code == 200
        program.send_signal(signal.SIGTERM)
        assert program.wait(10) == 0


def test_a_stderr_that_nobody_reads_stops_no_server(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG)
    reader, writer = os.pipe()
    os.set_blocking(writer, False)
    while True:  # until the pipe is full
        try:
            os.write(writer, bytes(4096))
        except BlockingIOError:
            break
    os.set_blocking(writer, True)
    with subprocess.Popen(
        [*command(), "serve", "c.yaml", "--port", "0"],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": ROOT},
        stdout=subprocess.PIPE,
        stderr=writer,
        text=True,
    ) as program:
        os.close(writer)
        assert program.stdout is not None
        url = program.stdout.readline().strip()
        with httpx.Client(base_url=url, trust_env=False, timeout=10) as client:
            for number in range(10):
                wrong = {"Authorization": "Bearer wrong", "X-Forwarded-For": f"203.0.113.{number}"}
                assert client.get("api/cameras", headers=wrong).status_code == 401
            program.send_signal(signal.SIGTERM)
            assert program.wait(10) == 0
    os.close(reader)


def test_a_full_stdout_stops_no_server(tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG)
    with (
        open("/dev/full", "w") as full,
        subprocess.Popen(
            [*command(), "serve", "c.yaml", "--port", "0"],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": ROOT},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        ) as program,
    ):
        assert program.stderr is not None
        lines: list[str] = []
        while "cannot be written" not in "".join(lines):
            lines.append(program.stderr.readline())
            assert lines[-1], "it has ended"
        assert lines[-1].endswith("WARNING the address cannot be written to stdout: No space left on device\n")
        (url,) = re.findall(r"listening on (http://\S+)", "".join(lines))
        assert httpx.get(f"{url}healthz", trust_env=False).status_code == 200
        program.send_signal(signal.SIGTERM)
        assert program.wait(10) == 0


@pytest.mark.parametrize("arguments", [["schema"], ["check", "c.yaml"], ["plugins"]])
def test_a_full_stdout_is_an_error_of_other_commands(arguments: list[str], tmp_path: Path) -> None:
    (tmp_path / "c.yaml").write_text(CONFIG)
    with open("/dev/full", "w") as full:
        done = subprocess.run(
            [*command(), *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": ROOT},
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert (done.returncode, done.stderr) == (1, "camweave: stdout cannot be written: no space left on device\n")
