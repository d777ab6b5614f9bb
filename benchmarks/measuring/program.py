"""The program of a checkout as a child process: its command line, its HTTP interface, and the CPU time that it takes.

Benchmarks compare commits whose insides differ, so they use public interfaces only.
"""

from __future__ import annotations

import configparser
import contextlib
import http.client
import json
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

START_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 20.0
WORK_TIMEOUT_S = 120.0
POLL_S = 1.0  # an answer costs the server a millisecond or two, which must not show beside its work
_TICKS_PER_S = os.sysconf("SC_CLK_TCK")


class ProgramError(RuntimeError):
    """The program failed or did not do the expected work."""


class CpuMeter:
    """The CPU time of a child process: user and system, of all threads, even ended ones, and of its own children.

    Args:
        pid: The process.

    Example:
        meter = CpuMeter(process.pid)
        before = meter.seconds()
        ...
        spent = meter.seconds() - before
    """

    def __init__(self, pid: int) -> None:
        self.pid = pid
        # What clock_getcpuclockid(3) returns for a process. /proc/PID/stat counts in steps of 10 ms, which is more than
        # 16 idle cameras take in a second; this clock counts nanoseconds.
        self._clock = (~pid << 3) | 2

    def seconds(self) -> float:
        """Return the CPU seconds so far.

        Raises:
            ProgramError: The process has ended.
        """
        try:
            own = time.clock_gettime(self._clock)
            stat = Path(f"/proc/{self.pid}/stat").read_text()
        except OSError as error:
            raise ProgramError(f"process {self.pid} has ended") from error
        # After the command's name, which may hold spaces: field 3 (state) and on; 16 and 17 are cutime and cstime.
        user, system = stat.rpartition(")")[2].split()[13:15]
        return own + (int(user) + int(system)) / _TICKS_PER_S + sum(map(_own_seconds, _children(self.pid)))


def memory_mb(pid: int) -> float:
    """Return the resident memory of a process in MB (10^6 bytes).

    Raises:
        ProgramError: The process has ended.
    """
    try:
        pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    except OSError as error:
        raise ProgramError(f"process {pid} has ended") from error
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def idle_s() -> float:
    """Return the CPU seconds since the start of the machine that no process used, of all cores together."""
    idle, waiting = Path("/proc/stat").read_text().split("\n", 1)[0].split()[4:6]
    return (int(idle) + int(waiting)) / _TICKS_PER_S


def _children(pid: int) -> list[int]:
    """Return the running children of a process."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):  # it has ended meanwhile
            _state, parent = file.read_text().rpartition(")")[2].split()[:2]
            if int(parent) == pid:
                found.append(int(file.parent.name))
    return found


def _own_seconds(pid: int) -> float:
    """Return the CPU seconds of a process without its children; 0 when it has ended."""
    try:
        return time.clock_gettime((~pid << 3) | 2)
    except OSError:
        return 0.0


@dataclass(frozen=True)
class Program:
    """The program in a checkout, run with the interpreter and the packages of this process.

    Attributes:
        root: The checkout.
        name: Its name in the output.
        scratch: An existing folder without modules to run in.
    """

    root: Path
    name: str
    scratch: Path

    def command(self, *arguments: str) -> list[str]:
        """Return the command line of ``camweave ARGUMENTS``, as the checkout's own setup.cfg declares the command."""
        setup = configparser.ConfigParser()
        setup.read(self.root / "setup.cfg", "utf-8")
        scripts = setup["options.entry_points"]["console_scripts"]
        module, _, function = scripts.partition("=")[2].strip().partition(":")
        # An installed program would come first without this check, and be compared with itself.
        here = f"assert sys.modules[{module!r}].__file__.startswith({str(self.root)!r} + '/'), sys.path"
        return [sys.executable, "-c", f"import sys; from {module} import {function}; {here}; {function}()", *arguments]

    def environment(self) -> dict[str, str]:
        """Return the environment in which :meth:`command` runs this checkout."""
        environment = {**os.environ, "PYTHONPATH": str(self.root), "PYTHONUNBUFFERED": "1"}
        # Bytecode is cached as it is for users; otherwise each start would compile the whole source again.
        environment.pop("PYTHONDONTWRITEBYTECODE", None)
        return environment

    def start(self, *arguments: str, stderr: int) -> subprocess.Popen[str]:
        """Start ``camweave ARGUMENTS``; its stdout is a pipe, unbuffered on its side."""
        return subprocess.Popen(
            self.command(*arguments),
            cwd=self.scratch,
            env=self.environment(),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=stderr,
            text=True,
            # An interrupt of the terminal is ours alone: we end the child.
            start_new_session=True,
        )

    def compile(self) -> None:
        """Write the byte code of the checkout, so that its first run does not include that cost."""
        subprocess.run(
            [sys.executable, "-m", "compileall", "-q", "-x", r"[/\\]\.|node_modules", str(self.root)],
            check=True,
            cwd=self.scratch,
            stdout=subprocess.DEVNULL,
        )

    def cpu_per_line(self, *arguments: str, first: int) -> float:
        """Run ``camweave ARGUMENTS`` and return the CPU seconds per line of its stdout, from line ``first`` on.

        Start-up comes before the first line, so it is not included.

        Raises:
            ProgramError: The program has failed, or printed no line after ``first``.
        """
        with tempfile.TemporaryFile("w+") as errors:
            process = self.start(*arguments, stderr=errors.fileno())
            meter, lines, began, ended = CpuMeter(process.pid), 0, 0.0, 0.0
            try:
                assert process.stdout is not None
                for _ in process.stdout:
                    lines += 1
                    if lines >= first:
                        # Read at every line: after the last one the process may be gone.
                        with contextlib.suppress(ProgramError):
                            ended = meter.seconds()
                        began = began or ended
                code = process.wait(STOP_TIMEOUT_S)
            finally:
                _kill(process)
            if code or lines <= first:
                errors.seek(0)
                said = errors.read()[-2000:]
                raise ProgramError(f"{self.name}: exit code {code} after {lines} lines of output: {said}")
        return (ended - began) / (lines - first)

    @contextlib.contextmanager
    def serve(self, config: str | Path) -> Iterator[Server]:
        """Serve a configuration, as text or a file, on a free port of 127.0.0.1 until the end of the ``with``.

        Raises:
            ProgramError: It does not listen within a minute, or has not ended well.
        """
        if isinstance(config, Path):
            path = config
        else:
            path = self.scratch / "benchmark.yaml"
            path.write_text(config, "utf-8")
        with tempfile.TemporaryFile("w+") as errors:
            process = self.start("serve", str(path), "--port", "0", "--log-level", "warning", stderr=errors.fileno())
            meter = CpuMeter(process.pid)
            try:
                url = _address(process)
                with Server(url, meter, meter.seconds()) as server:
                    yield server
                process.send_signal(signal.SIGINT)
                code = process.wait(STOP_TIMEOUT_S)
                if code:
                    raise ProgramError(f"{self.name}: camweave serve has ended with {code}")
            except ProgramError as error:
                errors.seek(0)
                error.add_note(errors.read()[-2000:])
                raise
            finally:
                _kill(process)


class Server:
    """A running ``camweave serve``.

    Attributes:
        url: Where it listens, without a slash at the end.
        meter: Its CPU time.
        start_up_s: The CPU seconds that it had taken when it listened.
    """

    def __init__(self, url: str, meter: CpuMeter, start_up_s: float) -> None:
        self.url, self.meter, self.start_up_s = url.rstrip("/"), meter, start_up_s
        self._connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    def __enter__(self) -> Server:
        return self

    def __exit__(self, *_: object) -> None:
        self._connection.close()

    def request(self, method: str, path: str, body: bytes | None = None, media_type: str = "image/jpeg") -> bytes:
        """Send a request over one connection that is kept alive, and return the body of the answer.

        Raises:
            ProgramError: The status is not 2xx, or there is no answer.
        """
        headers = {} if body is None else {"Content-Type": media_type}
        try:
            try:
                status, said = self._answer(method, path, body, headers)
            except ConnectionError:
                # The server closes a connection that was silent for some seconds; what it never read is sent again.
                self._connection.close()
                status, said = self._answer(method, path, body, headers)
        except (OSError, http.client.HTTPException) as error:
            raise ProgramError(f"{method} {path}: {error!r}") from error
        if not 200 <= status < 300:
            raise ProgramError(f"{method} {path}: {status} {said[:500]!r}")
        return said

    def _answer(self, method: str, path: str, body: bytes | None, headers: dict[str, str]) -> tuple[int, bytes]:
        self._connection.request(method, path, body, headers)
        answer = self._connection.getresponse()
        return answer.status, answer.read()

    def camera(self, name: str) -> dict[str, Any]:
        """Return the API's description of a camera."""
        status: dict[str, Any] = json.loads(self.request("GET", f"/api/cameras/{name}"))
        return status

    def encoded(self, *names: str) -> int:
        """Return how many frames of these cameras have been encoded so far, in all."""
        cameras = json.loads(self.request("GET", "/api/cameras"))
        return sum(int(camera["counters"]["encoded"]) for camera in cameras if camera["name"] in names)

    def require_viewers(self, camera: str, number: int) -> None:
        """Check that all viewers of a camera are still there.

        Raises:
            ProgramError: The server has dropped some, as on a machine that is too busy; the measured cost is then
                not that of this number of viewers.
        """
        left = int(self.camera(camera)["viewers"])
        if left != number:
            raise ProgramError(f"{left} of {number} viewers of {camera} are left; is the machine too busy?")

    def cpu_per_unit(self, units: Callable[[], int], at_least: int) -> float:
        """Return the CPU seconds per unit of work, over at least so many units from now on.

        Args:
            units: Returns the number of units done so far.
            at_least: The number of units to wait for.

        Raises:
            ProgramError: The work is not done after two minutes.
        """
        deadline = time.monotonic() + WORK_TIMEOUT_S
        first, before = units(), self.meter.seconds()
        while (done := units() - first) < at_least:
            if time.monotonic() > deadline:
                raise ProgramError(f"{done} of {at_least} units of work in {WORK_TIMEOUT_S:.0f} s")
            time.sleep(POLL_S)
        return (self.meter.seconds() - before) / done


def _address(process: subprocess.Popen[str]) -> str:
    """Return the first URL that the process prints; end it if there is none within a minute."""
    assert process.stdout is not None
    late = threading.Timer(START_TIMEOUT_S, process.kill)
    late.start()
    try:
        for line in process.stdout:
            for word in line.split():
                if word.startswith(("http://", "https://")):
                    return word
    finally:
        late.cancel()
        late.join()
    raise ProgramError("camweave serve has printed no address")


def _kill(process: subprocess.Popen[str]) -> None:
    """End a process that may still run, with its children, and wait for it."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGKILL)
        process.wait()
    if process.stdout is not None:
        process.stdout.close()
