"""The program as users start it: a process that prints the address it listens on."""

import os
import select
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import httpx

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0


def command() -> list[str]:
    """Give the command that runs this clone's program, installed or not."""
    return [sys.executable, "-c", "from server.cli import main; main()"]


class Serving:
    """A running ``camweave serve`` on a free port of 127.0.0.1, ended by SIGINT.

    Attributes:
        url: What it printed, ``http://127.0.0.1:PORT/``.
        client: An HTTP client on that address.
    """

    def __init__(self, *arguments: str, program: Sequence[str] = (), cwd: Path, **environment: str) -> None:
        self._command = [*(program or command()), "serve", *arguments, "--port", "0"]
        self._cwd = cwd
        root = str(Path(__file__).parents[1])
        self._environment = {**os.environ, "PYTHONPATH": "" if program else root, **environment}
        self._errors = tempfile.TemporaryFile("w+")

    def __enter__(self) -> Self:
        self.process = subprocess.Popen(
            self._command,
            cwd=self._cwd,
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=self._errors,
            text=True,
        )
        self.url = self._address()
        self.client = httpx.Client(base_url=self.url, timeout=30, trust_env=False)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.client.close()
        code = self.stop()
        said = self.errors()[-4000:]
        self._errors.close()
        if error is not None:
            error.add_note(f"camweave said:\n{said}")
        elif code:
            raise AssertionError(f"camweave serve ended with {code} after SIGINT:\n{said}")

    def stop(self, signal_number: int = signal.SIGINT) -> int:
        """End the process and give its exit code; a second call only gives the code."""
        if self.process.poll() is None:
            self.process.send_signal(signal_number)
            try:
                self.process.wait(STOP_TIMEOUT_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()
        if self.process.stdout:
            self.process.stdout.close()
        return self.process.returncode

    def errors(self) -> str:
        """Give all that it has written to stderr so far."""
        self._errors.seek(0)
        return self._errors.read()

    def camera(self, name: str) -> dict[str, Any]:
        """Give what the API says of one camera."""
        answer = self.client.get(f"/api/cameras/{name}")
        answer.raise_for_status()
        status: dict[str, Any] = answer.json()
        return status

    def _address(self) -> str:
        output = self.process.stdout
        assert output is not None
        deadline = time.monotonic() + START_TIMEOUT_S
        while select.select([output], [], [], max(0.0, deadline - time.monotonic()))[0]:
            line = output.readline()
            if not line:
                break
            for word in line.split():
                if word.startswith(("http://", "https://")):
                    return word
        self.process.kill()
        self.process.wait()
        output.close()
        with self._errors:
            raise AssertionError(f"camweave serve has printed no address:\n{self.errors()}")
