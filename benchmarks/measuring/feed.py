"""A clip played in real time as one live stream, for the program and for Janus."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from .program import ProgramError

ROOT = Path(__file__).parents[2]


@contextlib.contextmanager
def live_feed(clip: Path, rtp_port: int | None = None) -> Iterator[str]:
    """Play a raw H.264 file in a process of its own until the end of the ``with``.

    Args:
        clip: From `render`, named ``*.h264``, with ``RATE`` frames per second.
        rtp_port: A UDP port of 127.0.0.1 that gets it, too, as RTP of the payload type 96.

    Yields:
        The RTSP address of the stream.

    Raises:
        ProgramError: It does not start.
    """
    more = [] if rtp_port is None else ["--rtp-port", str(rtp_port)]
    process = subprocess.Popen(
        [sys.executable, "-m", "benchmarks.measuring.feed_process", str(clip), *more],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout is not None
        port = process.stdout.readline().strip()
        if not port:
            raise ProgramError("the feed of a live stream does not start")
        yield f"rtsp://127.0.0.1:{port}/feed"
    finally:
        process.kill()
        process.communicate()
