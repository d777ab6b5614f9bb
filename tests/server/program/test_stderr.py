"""The log never waits for the reader of stderr."""

from __future__ import annotations

import io
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from server.program import write_to_stderr

ROOT = Path(__file__).parents[3]
PROGRAM = """
import logging, sys
from server.program import log_to_stderr
log_to_stderr("INFO")
log = logging.getLogger("camera")
for number in range(5000):
    log.info("message %d", number)
print("logged", flush=True)
sys.stdin.readline()
log.info("the next message")
"""


def test_messages_that_nobody_reads_are_left_out_and_counted() -> None:
    reader, writer = os.pipe()
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM], cwd=ROOT, stdin=-1, stdout=-1, stderr=writer, text=True
    ) as program:
        os.close(writer)
        assert program.stdin is not None and program.stdout is not None
        with open(reader) as read:
            assert program.stdout.readline() == "logged\n"
            first = os.read(reader, 1 << 20).decode()
            program.stdin.write("\n")
            program.stdin.close()
            rest = read.read()
        assert program.wait(10) == 0
    written = first.count("message ")
    assert 0 < written < 5000
    missing, following = rest.splitlines()[-2:]
    assert re.search(rf"WARNING {5000 - written} messages are missing here", missing)
    assert following.endswith("INFO    the next message")


@pytest.mark.parametrize("place", ["/dev/full", "closed"])
def test_a_stderr_that_takes_nothing_does_not_end_the_program(place: str) -> None:
    redirected = "2>&-" if place == "closed" else f"2>{place}"
    command = ["sh", "-c", f'exec "$@" {redirected}', "sh", sys.executable, "-c", PROGRAM]
    done = subprocess.run(command, cwd=ROOT, input="\n", stdout=subprocess.PIPE, text=True, check=True)
    assert done.stdout == "logged\n"


def test_a_stream_without_a_descriptor_gets_the_text(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(sys, "stderr", stream)
    assert write_to_stderr("a line")
    assert stream.getvalue() == "a line\n"
    monkeypatch.setattr(sys, "stderr", None)
    assert not write_to_stderr("another")
