"""What clients can cause does not fill the log."""

from __future__ import annotations

import logging
import subprocess
import sys
from pathlib import Path

import pytest

from server.program import LogLimit
from server.program.log_limit import LINES, WITHIN_S

OF_CLIENTS = logging.getLogger("server.connections.connection")


class Clock:
    now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_same_line_is_logged_once_a_minute_and_then_says_how_often(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    with caplog.filtering(LogLimit(clock)):
        for _ in range(1000):
            OF_CLIENTS.warning("it does not read")
        OF_CLIENTS.warning("it reads")
        clock.now += WITHIN_S - 0.1
        OF_CLIENTS.warning("it does not read")
        clock.now += 0.1
        OF_CLIENTS.warning("it does not read")
    assert caplog.messages == ["it does not read", "it reads", "it does not read"]
    assert [record.left_out for record in caplog.records] == [0, 0, 1000]  # type: ignore[attr-defined]


def test_lines_that_differ_in_what_a_client_sends_are_limited_too(caplog: pytest.LogCaptureFixture) -> None:
    clock = Clock()
    with caplog.filtering(LogLimit(clock)):
        for number in range(900):
            OF_CLIENTS.warning("a wrong token came from %s", number)
            clock.now += WITHIN_S / 480
    assert len(caplog.messages) == 2 * LINES
    assert caplog.messages[LINES] == "a wrong token came from 480"


def test_another_exception_is_another_line(caplog: pytest.LogCaptureFixture) -> None:
    def failed(number: int) -> None:
        try:
            if number % 2:
                raise ValueError
            [][number]
        except (ValueError, IndexError):
            OF_CLIENTS.exception("a bug")

    with caplog.filtering(LogLimit(Clock())):
        for number in range(10):
            failed(number)
    assert [record.exc_info[0] for record in caplog.records if record.exc_info] == [IndexError, ValueError]


@pytest.mark.parametrize("name", ["cameras.stream", "pipeline.producers.source", "server.run.lifecycle", "my_plugin"])
def test_what_no_client_can_cause_is_logged(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.filtering(LogLimit(Clock())):
        for _ in range(2 * LINES):
            logging.getLogger(name).warning("something")
    assert len(caplog.messages) == 2 * LINES


def test_many_kinds_of_lines_take_little_memory(caplog: pytest.LogCaptureFixture) -> None:
    limit = LogLimit(Clock())
    with caplog.filtering(limit):
        for number in range(3000):
            OF_CLIENTS.warning(f"kind {number}")  # as libraries do it
    assert len(limit._kinds) <= 1000


def test_the_log_of_the_program_is_limited() -> None:
    program = """
import logging
from server.program import log_limit, log_to_stderr
log_to_stderr("INFO")
log_limit.WITHIN_S = 0
for number in range(3):
    logging.getLogger("uvicorn.error").error("failed")
    log_limit.WITHIN_S = 60 if number == 0 else 0
"""
    ended = subprocess.run(
        [sys.executable, "-c", program], cwd=Path(__file__).parents[3], capture_output=True, text=True, check=True
    )
    assert [line[9:] for line in ended.stderr.splitlines()] == [
        "ERROR   failed",
        "ERROR   failed (1 more like this were not logged)",
    ]
