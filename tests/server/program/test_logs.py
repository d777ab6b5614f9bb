"""The log: one line a message, indented tracebacks, warnings and uncaught exceptions."""

import subprocess
import sys
from pathlib import Path

import pytest

PROGRAM = """
import logging, sys, threading, warnings
from server.program import log_to_stderr
log_to_stderr("DEBUG")
log = logging.getLogger("camera")
{body}
"""


def logged(body: str) -> list[str]:
    """Run a program and return what it wrote to stderr, without the times."""
    ended = subprocess.run(
        [sys.executable, "-c", PROGRAM.format(body=body)],
        cwd=Path(__file__).parents[3],
        capture_output=True,
        text=True,
        check=False,
    )
    assert not ended.stdout
    lines = ended.stderr.splitlines()
    assert all(line.startswith("    ") or line[2] == line[5] == ":" for line in lines), lines
    return [line[9:] if not line.startswith(" ") else line for line in lines]


def test_a_message_is_one_line_without_secrets() -> None:
    body = r"""log.info("no such file: %s, from %s", "a\n12:00:00 INFO b\x1b[31m", "http://u:secret@camera/x")"""
    assert logged(body) == [r"INFO    no such file: a\n12:00:00 INFO b\x1b[31m, from http://camera"]


def test_arguments_that_do_not_fit_are_not_shown() -> None:
    body = """log.info("%d cameras", "http://u:secret@camera/x")"""
    assert logged(body) == ["INFO    %d cameras (its arguments do not fit)"]


@pytest.mark.parametrize(
    ("body", "first"),
    [
        (
            "def fails(): raise ValueError(TEXT)\ntry: fails()\nexcept ValueError: log.exception('failed')",
            "ERROR   failed",
        ),
        ("raise ValueError(TEXT)", "CRITICAL the program failed"),
        (
            "def fails(): raise ValueError(TEXT)\nthread = threading.Thread(target=fails, name='eyes')\nthread.start()",
            "ERROR   eyes failed",
        ),
        (
            "class Lost:\n    def __del__(self): raise ValueError(TEXT)\nLost()",
            "ERROR   ignored an exception",
        ),
    ],
)
def test_an_exception_is_logged_without_secrets_wherever_it_ends(body: str, first: str) -> None:
    lines = logged("TEXT = 'se' + 'cret in rtsp://u:' + 'sec' + 'ret\\n@camera/y\\n10:00:00 INFO x'\n" + body)
    assert lines[0] == first
    assert lines[-1] == "    ValueError: secret in rtsp://camera INFO x"
    assert lines[1] == "    Traceback (most recent call last):"


def test_a_warning_is_part_of_the_log() -> None:
    lines = logged("warnings.warn('from rtsp://u:secret@camera/x', stacklevel=1)")
    assert lines[0].startswith("WARNING ")
    assert "rtsp://camera" in lines[0] and "secret" not in lines[0]
