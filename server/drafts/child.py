"""The process of a draft: it runs one camera of a configuration, and sends its pictures to the server.

It opens no port. It ends when the server closes the socket, and the kernel ends it when the server ends.
"""

from __future__ import annotations

import contextlib
import os
import pickle
import resource
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import cv2

from cameras import BackgroundThread, Camera, Frame, SlotClosed, Wakeup, limit_opencv, safe_text
from pipeline import Config, ConfigError, Feed, Graph, Problem, State, Tables, Watch, bug_message, limit_heaps
from streams import predictions_of

from ..core import captured_at
from .channel import TAKEN, Head, message, receive_frame, receive_message
from .frames import Inbox, frames_kinds
from .modules import load_modules

NICENESS = 10
"""How much the process stands back: under load it gets about a ninth of the processor time of the server."""
REPORT_S = 1.0
"""Interval between two reports without a picture."""
STUCK_S = 10.0
"""How long a camera may work on a frame, and how long a picture may take to be made."""
CONFIGURED_WITHIN_S = 60.0
"""How long a text may take to be applied, which loads models."""
MOST_FPS = 15.0
"""Most pictures per second."""
MOST_WIDTH_PX = 960
"""Most width of a picture; the camera itself runs at its full size."""
JPEG_QUALITY = 80


def main(arguments: Sequence[str] = sys.argv[1:]) -> None:
    """Run the process.

    Args:
        arguments: The numbers of the two sockets, and the most bytes of memory.
    """
    control, frames = (socket.socket(fileno=int(number)) for number in arguments[:2])
    limit_process(int(arguments[2]))
    limit_heaps()
    limit_opencv()
    runner = Runner(control, frames)
    with contextlib.suppress(EOFError):
        runner.run()
    os._exit(0)  # whatever still runs or hangs


def limit_process(memory_bytes: int) -> None:
    """Let this process stand back behind all others, and limit its memory."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # of a terminal, for the server: it ends its drafts
    os.nice(NICENESS)
    with contextlib.suppress(OSError):  # not Linux
        with open("/proc/self/oom_score_adj", "w") as file:
            file.write("1000")
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    with contextlib.suppress(OSError, ValueError):  # a smaller limit holds already
        resource.setrlimit(resource.RLIMIT_DATA, (memory_bytes, memory_bytes))


class _Order(NamedTuple):
    """A configuration that the server has sent."""

    number: int
    camera: str
    modules: Sequence[Sequence[str]]
    pickled: bytes


class Runner:
    """Runs one camera, and reports on it.

    Args:
        control: The socket for messages.
        frames: The socket for the frames of a served camera.
    """

    def __init__(self, control: socket.socket, frames: socket.socket) -> None:
        self._control = control
        self._frames = frames
        self._inbox = Inbox()
        self._kinds = frames_kinds(self._inbox)
        self._sending = threading.Lock()
        self._wakeup = Wakeup()
        self._order: _Order | None = None
        self._wanted = False
        self._graph: Graph | None = None
        self._number = 0
        self._camera = ""
        self._refusal: str | None = None
        self._watch: Watch | None = None
        self._next_at_s = 0.0
        self._progress = Progress()
        self._step: tuple[float, str] | None = None

    def run(self) -> None:
        """Follow the server's messages until it closes the socket.

        Raises:
            EOFError: It has closed the socket.
        """
        for work in (self._take_frames, self._make_pictures, self._report_often):
            BackgroundThread(work, work.__name__.strip("_")).start()
        while True:
            head, body = receive_message(self._control)
            if head["type"] == "watch":
                self._wanted = bool(head["on"])
            else:
                self._order = _Order(head["number"], head["camera"], head["modules"], body)
            self._wakeup.set()

    def _take_frames(self) -> None:
        with contextlib.suppress(EOFError, OSError):
            while True:
                self._inbox.deliver(*receive_frame(self._frames))
                self._frames.sendall(TAKEN)

    def _report_often(self) -> None:
        while True:
            self._report()
            time.sleep(REPORT_S)

    def _make_pictures(self) -> None:
        while True:
            self._wakeup.wait()
            order, self._order = self._order, None
            if order is not None:
                with self._within(CONFIGURED_WITHIN_S, "the text was not applied"):
                    self._configure(order)
                self._report()
            self._follow()
            if self._watch is None:
                continue
            try:
                self._wait_for_turn()
                with self._within(STUCK_S, "the picture was not painted"):
                    self._show(self._watch.get(0))
            except TimeoutError:  # woken for something else
                pass
            except SlotClosed:
                self._watch = None
            except Exception as error:  # such as a picture that is too small to be encoded
                self._refusal = bug_message(error)

    @contextlib.contextmanager
    def _within(self, limit_s: float, what: str) -> Iterator[None]:
        """Count as stuck if the block takes longer."""
        self._step = time.monotonic() + limit_s, f"{what} within {limit_s:g} s"
        try:
            yield
        finally:
            self._step = None

    def _stuck(self) -> str | None:
        """Return a sentence about work that takes too long; ``None`` if none does."""
        step, now_s = self._step, time.monotonic()
        if step is not None and now_s > step[0]:
            return step[1]
        return (
            None if self._watch is None or self._graph is None else self._progress.of(self._graph.feeds.values(), now_s)
        )

    def _configure(self, order: _Order) -> None:
        """Run what an order says; if that is not possible, what ran before goes on."""
        refusal: str | None = None
        try:
            load_modules(order.modules)
            config: Config = pickle.loads(order.pickled)  # from the server that has started this process
            config = replace(config, tables=_with_kinds(config.tables, self._kinds))
            if self._graph is None:
                self._graph = Graph(replace(config, cameras={}, services={}))
            self._graph.reconfigure(config)
        except ConfigError as error:
            sentences = dict.fromkeys(_sentence(problem) for problem in error.problems)
            refusal = config.without_folders("; ".join(sentences))
        except Exception as error:
            refusal = bug_message(error)
        else:
            if order.camera != self._camera:
                self._camera = order.camera
                self._unwatch()
        self._number, self._refusal = order.number, refusal

    def _follow(self) -> None:
        """Watch the camera, if somebody wants its pictures."""
        feed = self._feed
        if feed is None or not self._wanted:
            self._unwatch()
        elif self._watch is None:
            try:
                self._watch = feed.watch()
            except RuntimeError as error:
                self._refusal = str(error)
            else:
                self._watch.on_ready(self._wakeup.set)

    def _unwatch(self) -> None:
        watch, self._watch = self._watch, None
        if watch is not None:
            watch.close()
            self._progress = Progress()

    @property
    def _feed(self) -> Feed | None:
        return None if self._graph is None else self._graph.feeds.get(self._camera)

    def _wait_for_turn(self) -> None:
        """Keep the distance between two pictures; the newest frame waits meanwhile."""
        left_s = self._next_at_s - time.monotonic()
        if left_s > 0:
            time.sleep(left_s)
        self._next_at_s = time.monotonic() + 1 / MOST_FPS

    def _show(self, frame: Frame) -> None:
        feed = self._feed
        assert feed is not None
        image = feed.painted(frame).image
        height, width = image.shape[:2]
        if width > MOST_WIDTH_PX:
            size = MOST_WIDTH_PX, max(round(height * MOST_WIDTH_PX / width), 1)
            image = cv2.resize(image, size, interpolation=cv2.INTER_AREA)  # type: ignore[assignment]
        done, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, JPEG_QUALITY])
        if not done:
            raise RuntimeError(f"a picture of {width} x {height} could not be encoded")
        self._report(
            data.tobytes(),
            width_px=frame.width,
            height_px=frame.height,
            captured_at=captured_at(frame),
            predictions=predictions_of(frame),
        )

    def _report(self, picture: bytes = b"", **more: Any) -> None:
        with self._sending, contextlib.suppress(OSError):
            self._control.sendall(message({**self._state(), **more}, picture))

    def _state(self) -> Head:
        feed, graph = self._feed, self._graph
        error, rate = self._refusal, None
        if feed is not None and graph is not None:
            error = error or feed.error
            error = None if error is None else safe_text(graph.config.without_folders(error))
            rate = feed.frame_rate
        return {
            "number": self._number,
            "refused": self._refusal is not None,
            "error": error,
            "frame_rate": None if rate is None else round(rate, 2),
            "stuck": self._stuck(),
        }


class Progress:
    """The frames that transform cameras take of their sources. Use it from one thread at a time."""

    def __init__(self) -> None:
        self._seen: dict[str, tuple[int, int, float]] = {}

    def of(self, feeds: Iterable[Feed], now_s: float) -> str | None:
        """Return a sentence about a camera that has taken no frame for ``STUCK_S``, though some came."""
        for feed in feeds:
            if feed.source is None:
                continue
            taken = _count(feed, "frames_in")
            offered = _count(feed.source, "frames_out")
            before = self._seen.get(feed.name)
            if before is None or before[0] != taken or offered <= before[1]:
                self._seen[feed.name] = (taken, offered, now_s)
            # One that still opens its transforms takes none either, but has no error; one that cannot is offline.
            elif now_s - before[2] >= STUCK_S and feed.state is not State.OFFLINE and feed.error is not None:
                return f"camera {feed.name} has worked on one frame for {STUCK_S:g} s"
        return None


def _count(feed: Feed, name: str) -> int:
    count = feed.counters.summary()[name]
    assert isinstance(count, int)
    return count


def _with_kinds(tables: Tables, kinds: Mapping[str, type[Camera[Any]]]) -> Tables:
    return replace(tables, cameras={**tables.cameras, **kinds})


def _sentence(problem: Problem) -> str:
    return f"{problem.path}: {problem.message}" if problem.path else problem.message
