"""An RTSP camera that can be pulled out and put back."""

import select
import socket
import subprocess
from pathlib import Path
from types import TracebackType
from typing import Self

import pytest

SYSTEM_PYTHON = Path("/usr/bin/python3")
START_TIMEOUT_S = 20.0


class RtspCamera:
    """GStreamer's RTSP server as a process on a port that stays the same when it is started again."""

    def __init__(self) -> None:
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port: int = probe.getsockname()[1]
        self.url = f"rtsp://127.0.0.1:{self.port}/camera"

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.kill()

    def start(self) -> None:
        """Start it and return when it listens; skip the test where GStreamer's server is not installed."""
        command = [str(SYSTEM_PYTHON), str(Path(__file__).with_name("rtsp_server.py")), str(self.port)]
        self._process = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        output = self._process.stdout
        assert output is not None
        ready = select.select([output], [], [], START_TIMEOUT_S)[0] and output.readline()
        if ready != "ready\n":
            self._process.kill()
            errors = self._process.communicate()[1]
            if "No module named 'gi'" in errors or "GstRtspServer" in errors:
                pytest.skip("needs GStreamer's RTSP server: apt-get install gir1.2-gst-rtsp-server-1.0 python3-gi")
            raise AssertionError(f"the RTSP server does not start:\n{errors}")

    def kill(self) -> None:
        """Pull it out: the process is gone at once, as a camera that loses its power."""
        self._process.kill()
        self._process.communicate()
