"""Debian's Janus, a WebRTC gateway in C, with one stream that it forwards to its viewers."""

from __future__ import annotations

import contextlib
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from .program import CpuMeter, ProgramError

RTP_PORT = 15004
MOUNTPOINT = "1"
API = "http://127.0.0.1:8088/janus"
_START_S = 15.0
_CONFIG = {
    "janus.jcfg": 'general: { session_timeout = 0 }\nnat: { ice_ignore_list = "vmnet" }\n',
    "janus.transport.http.jcfg": 'general: { base_path = "/janus" http = true port = 8088 ip = "127.0.0.1" }\n',
    "janus.plugin.streaming.jcfg": (
        "general: { }\n"
        f'feed: {{ type = "rtp" id = {MOUNTPOINT} description = "feed" media = ( {{ type = "video" mid = "v" '
        f'label = "v" port = {RTP_PORT} iface = "lo" pt = 96 codec = "h264" '
        'fmtp = "level-asymmetry-allowed=1;packetization-mode=1;profile-level-id=42e01f" } ) }\n'
    ),
}
"""What Debian's own files say where they say something; sessions last for as long as the viewers."""


@dataclass(frozen=True)
class JanusServer:
    """A process that listens.

    Attributes:
        url: Its API.
        meter: Its CPU time.
    """

    url: str
    meter: CpuMeter


def janus_missing() -> str:
    """Return why Janus cannot run here; empty if it can."""
    return "" if shutil.which("janus") else "no Janus here (apt-get install janus)"


@contextlib.contextmanager
def running_janus(address: str) -> Iterator[JanusServer]:
    """Run Janus until the end of the ``with``; it takes RTP at ``RTP_PORT`` and serves it as ``MOUNTPOINT``.

    Its ports are fixed, so this needs a network of its own.

    Args:
        address: Where its viewers reach it; no loopback address.

    Raises:
        ProgramError: It does not start.
    """
    with tempfile.TemporaryDirectory(prefix="camweave-bench-janus-") as folder:
        for name, text in _CONFIG.items():
            Path(folder, name).write_text(text, "utf-8")
        with Path(folder, "janus.log").open("wb") as log:
            process = subprocess.Popen(
                ["janus", "-F", folder, "-i", address, "-o", "-d", "2"],
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                start_new_session=True,
            )
            try:
                _wait_until_it_answers(process)
                yield JanusServer(API, CpuMeter(process.pid))
            except ProgramError as error:
                error.add_note(Path(folder, "janus.log").read_text("utf-8", "replace")[-2000:])
                raise
            finally:
                process.kill()
                process.wait()


def _wait_until_it_answers(process: subprocess.Popen[bytes]) -> None:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    deadline_s = time.monotonic() + _START_S
    while True:
        try:
            opener.open(f"{API}/info", timeout=5).close()
            return
        except OSError as error:
            if process.poll() is not None or time.monotonic() > deadline_s:
                raise ProgramError("Janus does not start") from error
            time.sleep(0.1)
