"""The process of a draft as the server sees it: started, limited, fed with frames, and ended."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from cameras import BackgroundThread, Child, SlotClosed
from pipeline import Feed, Watch

from ..core import on_thread
from .channel import TAKEN, Head, Malformed, message, read_message, send_frame

logger = logging.getLogger(__name__)

MOST_FPS = 15.0
"""Most frames per second that go to a process."""
EARLY_S = 0.01
"""How much earlier than that a frame may come, since cameras are not exact."""
COMMAND = (sys.executable, "-P", "-c", "from server.drafts.child import main; main()")
_STOPS_WITHIN_S = 0.5
_LIBRARIES = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")


@dataclass(frozen=True)
class ProcessLimits:
    """The limits of a process.

    Attributes:
        resident_bytes: Most memory of its own in use.
        data_bytes: Most memory that it may reserve: then it fails by itself, before the server looks.
        start_s: How long it may take to start.
        silent_s: How long it may say nothing; it reports every second.
    """

    resident_bytes: int = 1_500_000_000
    data_bytes: int = 2_000_000_000
    start_s: float = 60.0
    silent_s: float = 10.0


class DraftProcess:
    """One process, from its start to its end. Use it in the event loop.

    Args:
        on_report: Called with each report and its picture.
        on_end: Called once when it has ended by itself or for a limit, with a sentence that says why.
        limits: Its limits.
        command: What to start; the numbers of its two sockets and its memory are appended.
        clock: Returns the seconds of a clock that never jumps.
    """

    def __init__(
        self,
        on_report: Callable[[Head, bytes], None],
        on_end: Callable[[str], None],
        limits: ProcessLimits = ProcessLimits(),
        command: Sequence[str] = COMMAND,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self._on_report = on_report
        self._on_end = on_end
        self._limits = limits
        self._command = command
        self._clock = clock
        self._why = ""
        self._closing = False
        self._heard = False
        self._heard_at_s = clock()
        self._child: Child | None = None
        self._writer: asyncio.StreamWriter | None = None
        self._feeder: Feeder | None = None
        self._source: Feed | None = None
        self._pending: list[bytes] = []
        self._life = asyncio.create_task(self._live(), name="draft process")

    def send(self, head: Head, body: bytes = b"") -> None:
        """Send a message, once the process runs."""
        sent = message(head, body)
        if self._writer is None:
            self._pending.append(sent)
        else:
            self._writer.write(sent)

    def feed(self, source: Feed | None) -> None:
        """Send the frames of a served camera from now on; ``None``: no frames."""
        self._source = source
        if self._feeder is not None:
            self._feeder.follow(source)

    def look(self) -> None:
        """End the process if it is over a limit."""
        child, silent_s = self._child, self._clock() - self._heard_at_s
        if child is None or self._why or self._closing:
            return
        used = resident_bytes(child.process.pid)
        if used > self._limits.resident_bytes:
            self._kill(f"the draft was ended: it used more than {_gigabytes(self._limits.resident_bytes)} of memory")
        elif not self._heard and silent_s > self._limits.start_s:
            self._kill(f"the draft was ended: it did not start within {self._limits.start_s:g} s")
        elif self._heard and silent_s > self._limits.silent_s:
            self._kill(f"the draft was ended: it did not answer for {self._limits.silent_s:g} s")

    async def close(self) -> None:
        """End the process, and wait until it has ended."""
        self._closing = True
        self._kill("closed")
        with contextlib.suppress(Exception):
            await self._life

    def _kill(self, why: str) -> None:
        self._why = self._why or why
        if self._child is not None:
            # Then its sockets close, and the rest follows from that.
            self._child.process.kill()

    async def _live(self) -> None:
        try:
            child, control, frames = await on_thread("draft start", self._start)
        except (OSError, RuntimeError) as error:
            self._finish(f"the draft cannot be started: {error}")
            return
        self._child = child
        self._feeder = Feeder(frames)
        reader, self._writer = await asyncio.open_connection(sock=control)
        self._heard_at_s = self._clock()
        for sent in self._pending:
            self._writer.write(sent)
        self._feeder.follow(self._source)
        if self._closing:
            child.process.kill()
        try:
            while True:
                head, body = await read_message(reader)
                self._heard, self._heard_at_s = True, self._clock()
                if not self._why:
                    self._on_report(head, body)
                    if head["stuck"] is not None:
                        self._kill(f"the draft was ended: {head['stuck']}")
        except (EOFError, OSError):
            pass
        except (Malformed, LookupError, TypeError, ValueError):
            logger.warning("a draft was ended: what it sent cannot be understood", exc_info=True)
            self._why = self._why or "the draft was ended: what it sent cannot be understood"
        finally:
            self._feeder.close()
            self._writer.close()
            code = await on_thread("draft end", child.close)
            self._finish(self._why or end_of(code))

    def _finish(self, why: str) -> None:
        self._why = why
        if not self._closing:
            self._on_end(why)

    def _start(self) -> tuple[Child, socket.socket, socket.socket]:
        control, its_control = socket.socketpair()
        frames, its_frames = socket.socketpair()
        with its_control, its_frames:
            numbers = its_control.fileno(), its_frames.fileno()
            environment = os.environ | {"PYTHONPATH": os.pathsep.join(path or os.getcwd() for path in sys.path)}
            environment |= dict.fromkeys(_LIBRARIES, "1")
            try:
                child = Child(
                    [*self._command, *map(str, (*numbers, self._limits.data_bytes))],
                    environment=environment,
                    pass_fds=numbers,
                )
            except BaseException:
                control.close()
                frames.close()
                raise
        return child, control, frames


class Feeder:
    """Sends the frames of a served camera to a process: the newest one, one at a time.

    Args:
        channel: The socket for frames, which it closes.
        clock: Returns the seconds of a clock that never jumps.
    """

    def __init__(self, channel: socket.socket, clock: Callable[[], float] = time.monotonic) -> None:
        self._channel = channel
        self._clock = clock
        self._turn = threading.Lock()
        self._feed: Feed | None = None
        self._closed = False

    def follow(self, feed: Feed | None) -> None:
        """Send the frames of this camera from now on; ``None``: of none. Never blocks."""
        if feed is self._feed or self._closed:
            return
        self._feed = feed
        if feed is not None:
            BackgroundThread(lambda: self._send_all(feed), f"draft of {feed.name}").start()

    def close(self) -> None:
        """Send no more frames, and close the socket."""
        self._feed, self._closed = None, True
        with contextlib.suppress(OSError):
            self._channel.shutdown(socket.SHUT_RDWR)  # wakes the thread
        self._channel.close()

    def _send_all(self, feed: Feed) -> None:
        try:
            watch = feed.watch()
        except RuntimeError:  # it was just removed
            self._feed = None
            return
        with watch, self._turn:
            self._send(watch, feed)
        # So that a further call tries again: the camera may only have ended its watches.
        if self._feed is feed:
            self._feed = None

    def _send(self, watch: Watch, feed: Feed) -> None:
        next_at_s = self._clock()
        with contextlib.suppress(SlotClosed, OSError):
            while self._feed is feed:
                try:
                    frame = watch.get(_STOPS_WITHIN_S)
                except TimeoutError:
                    continue
                now_s = self._clock()
                if now_s < next_at_s - EARLY_S or self._feed is not feed:
                    continue
                next_at_s = max(next_at_s + 1 / MOST_FPS, now_s)
                send_frame(self._channel, feed.name, frame, feed.frame_rate)
                if self._channel.recv(1) != TAKEN:
                    return


def resident_bytes(process: int) -> int:
    """Return the memory in use of a process, without what it shares; 0 where the system does not show it."""
    try:
        _, resident, shared, *_ = map(int, Path(f"/proc/{process}/statm").read_text().split())
    except (OSError, ValueError):
        return 0
    return (resident - shared) * os.sysconf("SC_PAGE_SIZE")


def end_of(code: int | None) -> str:
    """Return a sentence about the end of a process that was not ended by the server.

    Args:
        code: Its exit code, the number of a signal if negative; ``None`` if it has not ended.
    """
    if code is None:
        return "the draft does not end; a driver may hang"
    if code == -signal.SIGKILL:
        return "the system ended the draft; this machine may have no memory left"
    if code < 0:
        return f"the draft crashed ({signal.Signals(-code).name}); a native library or a plugin is to blame"
    return f"the draft has ended by itself, with exit code {code}"


def _gigabytes(count: int) -> str:
    return f"{count / 1e9:g} GB"
