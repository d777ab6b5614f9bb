"""A child process that the kernel ends when this process ends, even if that is killed or the child hangs."""

from __future__ import annotations

import contextlib
import fcntl
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import IO

ENDS_WITHIN_S = 5.0
"""How long to wait for a process that was killed."""
_CPU_CLOCK = 2  # of Linux: with the process number, the number of a clock (clock_getcpuclockid)


class Child:
    """A child process, bound to the life of this process.

    The child holds the reading end of a pipe, and the kernel kills it when the other end closes: in :meth:`close`, and
    when this process ends in any way. The child needs no code for that, so one that is stuck in native code, or
    stopped, ends too. (Linux's "parent death signal" would come when the *thread* that started the
    child ends, which may be long before.)

    The child is bound once the constructor has returned. A program that may hang waits until then for input, which it
    gets from this process or, if that has ended, not at all.

    Args:
        command: The program and its arguments.
        environment: Its environment variables; ``None`` for those of this process.
        pass_fds: File descriptors that it inherits, under the same numbers.
        stdin: As for :class:`subprocess.Popen`.
        stdout: As for :class:`subprocess.Popen`.
        stderr: As for :class:`subprocess.Popen`.

    Attributes:
        process: The process.

    Raises:
        OSError: It cannot be started.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        environment: Mapping[str, str] | None = None,
        pass_fds: Sequence[int] = (),
        stdin: int | IO[bytes] = subprocess.DEVNULL,
        stdout: int | IO[bytes] = subprocess.DEVNULL,
        stderr: int | IO[bytes] = subprocess.DEVNULL,
    ) -> None:
        theirs, ours = os.pipe()
        try:
            self.process = subprocess.Popen(
                command,
                env=environment,
                pass_fds=(theirs, *pass_fds),
                stdin=stdin,
                stdout=stdout,
                stderr=stderr,
            )
            # Owner and flag belong to the pipe's end, which both processes share: it is enough to set them here.
            with contextlib.suppress(OSError):  # the child has ended already
                fcntl.fcntl(theirs, fcntl.F_SETOWN, self.process.pid)
                if sys.platform == "linux":  # elsewhere it gets SIGIO, which ends a process unless that is stopped
                    fcntl.fcntl(theirs, fcntl.F_SETSIG, signal.SIGKILL)
                fcntl.fcntl(theirs, fcntl.F_SETFL, fcntl.fcntl(theirs, fcntl.F_GETFL) | os.O_ASYNC)
        except BaseException:
            os.close(ours)
            raise
        finally:
            os.close(theirs)
        self._ours: int | None = ours

    @property
    def cpu_s(self) -> float | None:
        """CPU time of the process in seconds; ``None`` once it is closed, and where the system does not show it."""
        if sys.platform != "linux":
            return None
        try:
            return time.clock_gettime(~self.process.pid << 3 | _CPU_CLOCK)
        except OSError:
            return None

    def close(self) -> int | None:
        """Kill the process if it still runs; return its exit code. Safe to call twice.

        The code is ``None`` if the kernel does not end it in time, as when a file system hangs.
        """
        ours, self._ours = self._ours, None
        if ours is not None:
            os.close(ours)
        self.process.kill()
        with contextlib.suppress(subprocess.TimeoutExpired):
            self.process.wait(ENDS_WITHIN_S)
        for stream in (self.process.stdin, self.process.stdout, self.process.stderr):
            if stream is not None:
                stream.close()
        return self.process.returncode
