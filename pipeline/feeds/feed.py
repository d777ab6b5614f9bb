"""The feed of one camera: demand, the newest frame, readers, painting, and meters."""

from __future__ import annotations

import logging
import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from cameras import CodedPicture, Frame, Slot

from ..camera_config import CameraConfig
from ..execution import CLOSE_LIMIT_S, Clock, Executor, Run, Timer
from .coded import CodedFanOut, CodedReader, CodedWatch
from .fan_out import FanOut
from .held import HeldCodedPicture, HeldPicture
from .meters import Counters, Latency, Rate
from .painter import Painter
from .producer import Output, Producer, State
from .reports import Reports
from .succession import SUCCESSION_S, Succession, Successor, hides_more, opens_beside
from .watch import Watch

logger = logging.getLogger(__name__)


class Feed:
    """A named camera as readers see it: permanent, while its producer can be replaced.

    A feed has one :class:`Producer`, which :meth:`produce` sets and replaces. Readers see a replacement only in the
    frames; their time and sequence keep increasing. One that :attr:`~Producer.opens_beside` the one that it replaces is
    a *successor* until it gives its first frame: readers get the frames of the old one until then.

    A feed counts its demand: a watch counts on the feed and on each feed upstream. The first watch starts them; after
    the last one has closed they stop, when their linger has passed. One lock of the graph protects these counts;
    frames do not take it.

    Args:
        name: Name of the camera; it never changes.
        clock: Times lingers and rates.
        lock: Shared by all feeds of a graph.
        executor: Runs its producers.

    Attributes:
        name: The camera's name in the configuration.
        config: The present declaration of the camera.
        counters: Counts of all producers since the program started.
        latency: Durations of the stages of a frame.
        rate: Rate of the output frames.
        reports: The reports of its producers.
        executor: Runs its producers; for its encoders too.
    """

    def __init__(self, name: str, clock: Clock, lock: threading.RLock, executor: Executor) -> None:
        self.name = name
        self.executor = executor
        self.counters = Counters()
        self.latency = Latency()
        self.rate = Rate(clock.monotonic)
        self.reports = Reports(logger, f"camera {name}", clock.monotonic, self.counters, self.latency)
        self._clock = clock
        self._lock = lock
        self._config: CameraConfig | None = None
        self._producer: Producer | None = None
        self._source: Feed | None = None
        self._painter: Painter | None = None
        self._users = 0
        self._coded_users = 0
        self._kept = 0
        self._kept_here = False
        self._watches: set[Slot[Frame]] = set()
        self._output: Output | None = None
        self._run: Run | None = None
        self._stopped: list[Run] = []
        self._last_picture: Timer | None = None
        self._ended = False
        self._linger: Timer | None = None
        self._lingers = 0
        self._closed = False
        self._replacements = 0
        self._fan_out = FanOut()
        self._coded = CodedFanOut()
        self._frames_until_s = 0.0
        self._succession: Succession[Feed] = Succession(self._fan_out, self._coded, clock)
        self._held: HeldPicture | HeldCodedPicture | None = None
        self._forgotten = 0

    @property
    def config(self) -> CameraConfig:
        """The present declaration of the camera; read it again for each use."""
        assert self._config is not None, f"feed {self.name} has no producer yet"
        return self._config

    @property
    def producer(self) -> Producer:
        """The producer of the present declaration; the frames may still be those of the one before."""
        successor = self._succession.successor
        return self._showing if successor is None else successor.producer

    @property
    def source(self) -> Feed | None:
        """The feed that the producer takes its frames from; ``None`` when that takes them from a camera."""
        successor = self._succession.successor
        return self._source if successor is None else successor.source

    @property
    def root(self) -> Feed:
        """The feed at the start of the chain that its frames come through; itself without a source."""
        source = self._source
        return self if source is None else source.root

    @property
    def version(self) -> tuple[int, ...]:
        """A value that changes with each replacement of a producer, here or upstream, when its frames come.

        Compare it before you reuse anything derived from ``annotates`` or the frame rate. A change of ``config`` alone
        leaves it as it is.
        """
        upstream = () if self._source is None else self._source.version
        return (self._replacements, *upstream)

    @property
    def annotates(self) -> bool:
        """Whether any producer in its chain attaches annotations."""
        source = self._source
        return self._showing.annotates or (source is not None and source.annotates)

    @property
    def live(self) -> bool:
        """Whether the frames at the start of its chain are captured as they come, not taken from a file."""
        return self.root._showing.live

    @property
    def state(self) -> State:
        """The state of the camera."""
        if self._output is None:
            return State.ENDED if self._ended else State.IDLE
        return self._showing.state

    @property
    def error(self) -> str | None:
        """The present error, here or upstream, or that with which it ended; ``None`` without an error."""
        return None if self._output is None and not self._ended else self._showing.error

    @property
    def error_lasts(self) -> bool:
        """Whether no frame will come, here or upstream, unless somebody changes a file or the configuration."""
        return self._output is not None and self._showing.error_lasts

    @property
    def frame_rate(self) -> float | None:
        """Frames per second, declared or measured; ``None`` before the first frame."""
        measured = self._showing.frame_rate or self.rate.per_second
        return measured if measured or self._source is None else self._source.frame_rate

    @property
    def passes(self) -> bool:
        """Whether its pictures come coded too, for viewers who may get them undecoded.

        Before the first picture of a run, whether they may.
        """
        return self._showing.may_pass and self._coded.passes is not False

    @property
    def wants_frames(self) -> bool:
        """Whether somebody needs its frames, or did within its linger; coded pictures are enough for the others."""
        return self._frame_users > 0 or self._clock.monotonic() < self._frames_until_s

    @property
    def latest(self) -> Frame | None:
        """The newest frame; ``None`` before the first one and while the feed is idle.

        Where a producer was replaced, that is the last one of before until the next, for ``SUCCESSION_S`` at most.
        """
        return self._fan_out.latest

    @property
    def newest(self) -> Frame | CodedPicture | None:
        """The newest picture, decoded or not."""
        return self.latest or self._coded.latest

    def held(self, annotations: bool = True) -> Frame | None:
        """Return the newest frame, however old, or that of the last run; ``None`` when there was none.

        Its annotations are painted, unless ``annotations`` is false; those of the last run are not kept as data. While
        nothing is decoded, it is the last key frame.
        """
        frame, key, held = self.latest, self._coded.key, self._held
        if frame is not None:
            return self.painted(frame) if annotations else frame
        if key is not None:
            held = HeldCodedPicture(key)
        return None if held is None else held.frame(annotations)

    @property
    def watched(self) -> bool:
        """Whether there is demand for its frames."""
        with self._lock:
            return self._users > 0

    @property
    def kept(self) -> bool:
        """Whether it runs without watches (``preload: true``)."""
        return self._kept_here

    def produce(self, config: CameraConfig, producer: Producer, source: Feed | None = None) -> None:
        """Set or replace the producer.

        When the feed is watched, the new producer starts at once; watches stay open. When it cannot be started, the old
        one continues.

        The old one stops first, and its last picture stays. But where both may be open at the same time
        (:attr:`Producer.opens_beside`), it goes on until the new one gives its first frame, cannot be opened, or has
        given none for ``SUCCESSION_S``. Another call before that gives up the one that was new.

        Args:
            config: The declaration that the producer was made from.
            producer: Not started, and used by this feed only.
            source: The source feed of the producer; it runs while this feed runs.

        Raises:
            RuntimeError: when the feed is closed, or the system gives no more threads.
            ValueError: when this feed is its own source, directly or through others.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError(f"camera {self.name} is closed")
            if source is not None:
                self._refuse_circle(source)
            if producer is self._producer:
                self._drop_successor()
            elif self._succeeds(producer):
                self._start_successor(producer, source)
            else:
                self._replace(producer, source)
            self.configure(config)

    def _replace(self, producer: Producer, source: Feed | None) -> None:
        """Put a producer in the place of the present one, which stops first."""
        users, kept, old_source = self._users, self._kept, self._source
        running, run = self._output is not None, self._run
        if source is not None:
            source._count_in(users, kept)
        try:
            if users:
                self._start(producer, keeps_picture=not hides_more(producer, self._producer))
            else:
                self._output = None
                self._fan_out.forget()
        except BaseException:
            if source is not None:
                source._count_out(users, kept)
            raise
        self._drop_successor()
        self._adopt(producer, source)
        if running and run is not None:
            run.stop()
        if old_source is not None:
            old_source._count_out(users, kept)

    def _adopt(self, producer: Producer, source: Feed | None) -> None:
        self._producer, self._source = producer, source
        self._held = None
        self._ended = self._succession.catches_up = False
        self._replacements += 1

    def _succeeds(self, producer: Producer) -> bool:
        """Return whether a producer is opened beside the present one, which gives frames."""
        before = self._producer
        shows = self._output is not None and self._users > 0 and self._fan_out.latest is not None
        return shows and before is not None and opens_beside(producer, before)

    def _start_successor(self, producer: Producer, source: Feed | None) -> None:
        output, before = _RunOutput(self, producer), self._succession.successor
        if source is not None:
            source._count_in(self._users, self._kept)
        try:
            # The models of many successors must not be loaded at once.
            run = producer.start(output, self.executor, None if before is None else before.run)
        except BaseException:
            if source is not None:
                source._count_out(self._users, self._kept)
            raise
        self._drop_successor()
        self._succession.begin(Successor(producer, source, output, run, self.config))

    def _succeed(self, output: Output | None = None, *, with_frame: bool = False) -> None:
        """Let the successor take over, if there is one, and with an output only if it is that one's."""
        with self._lock:
            successor = self._succession.take(output)
            if successor is None:
                return
            run, source = self._run, self._source
            self._output, self._run = successor.output, successor.run
            self._config = successor.config
            self._adopt(successor.producer, successor.source)
            self._succession.catches_up = with_frame
            if not with_frame:
                self._fan_out.forget()
            if run is not None:
                self._stop(run)
            if source is not None:
                source._count_out(self._users, self._kept)

    def _drop_successor(self) -> None:
        successor = self._succession.take()
        if successor is not None:
            self._stop(successor.run)
            if successor.source is not None:
                successor.source._count_out(self._users, self._kept)

    def _stop(self, run: Run) -> None:
        """Stop a run that the next one does not wait for."""
        run.stop()
        self._stopped = [*(each for each in self._stopped if not each.wait(0)), run]

    def _refuse_circle(self, source: Feed) -> None:
        """Raise an error where this feed would be its own source; a circle through what is replaced is cut."""
        if self in source._upstream(successors=True):
            for feed in (self, *source._upstream(successors=True)):
                feed._succeed()
        if self in source._upstream():
            raise ValueError(f"camera {self.name} would take its frames from itself")

    def follow(self, other: Feed) -> None:
        """Let the first run wait for the end of that of another feed, which is about to end: both have one device."""
        self._run = other._run

    def configure(self, config: CameraConfig) -> None:
        """Replace the declaration while the producer continues: its linger and style apply from now on.

        The caller applies ``preload`` and ``private``: with :meth:`keep_running` and :meth:`end_watches`.

        Args:
            config: Differs from the present one only in what the producer does not use.

        Raises:
            RuntimeError: when the feed is closed.
        """
        with self._lock:
            if self._closed:
                raise RuntimeError(f"camera {self.name} is closed")
            before, self._config = self._config, config
            if before is None or config.style != before.style or config.style.font is not None:
                self._painter = Painter(config.style, self.counters)  # the file of the font may have been replaced
            successor = self._succession.successor
            if successor is not None and before is not None:
                # The encoders are made anew for it: once is enough.
                successor.config, self._config = config, replace(config, stream=before.stream)
            if self._linger is not None and before is not None and config.linger_s != before.linger_s:
                self._start_linger()

    def forget_held(self) -> None:
        """Drop the picture of the last run: its declaration, or one upstream, has changed."""
        with self._lock:
            self._held = None
            self._forgotten += 1

    def watch(self) -> Watch:
        """Subscribe to its frames and start what must run for them. A still picture arrives at once.

        Raises:
            RuntimeError: when the graph is closed, or the system gives no more threads.
        """
        slot: Slot[Frame] = Slot()
        with self._lock:
            self._acquire()
            self._watches.add(slot)
        # If the feed was closed meanwhile, this closes the slot, and the reader sees it.
        self.attach(slot)
        return Watch(slot, lambda: self._leave(slot))

    def watch_coded(self, reader: CodedReader) -> CodedWatch:
        """Subscribe to its coded pictures, and start what must run for them; without others, nothing is decoded.

        The reader has to leave when it is told that frames come without coded pictures (:attr:`passes`).

        Raises:
            RuntimeError: when the graph is closed, or the system gives no more threads.
        """
        with self._lock:
            self._coded_users += 1
            try:
                self._acquire()
            except BaseException:
                self._coded_users -= 1
                raise
        self._coded.attach(reader)
        return CodedWatch(lambda: self._leave_coded(reader))

    def attach(self, slot: Slot[Frame]) -> None:
        """Put every frame into a slot, starting with the newest so far; adds no demand: for producers."""
        self._fan_out.attach(slot)

    def detach(self, slot: Slot[Frame]) -> None:
        """Close a slot and put no more frames into it."""
        self._fan_out.detach(slot)

    def end_watches(self) -> None:
        """End each open watch with ``SlotClosed``; producers that read this feed continue."""
        with self._lock:
            watches = tuple(self._watches)
        for slot in watches:
            self.detach(slot)
        self._coded.end()

    def keep_running(self, kept: bool = True) -> None:
        """Run without watches (``preload: true``), until a call with false or the end of the feed.

        Raises:
            RuntimeError: when the graph is closed, or the system gives no more threads.
        """
        with self._lock:
            if kept and not self._kept_here:
                self._acquire(kept=1)
            elif self._kept_here and not kept:
                self._count_out(1, kept=1)
            self._kept_here = kept

    def painted(self, frame: Frame) -> Frame:
        """Return a copy of one of its frames with the annotations painted.

        Each frame is painted once for all callers; a frame without annotations is returned as it is.
        """
        assert self._painter is not None
        return self._painter.painted(frame)

    def summary(self) -> dict[str, Any]:
        """Return the camera as ``/api/cameras`` shows it, without viewers and encoders."""
        latest, rate, source = self.newest, self.frame_rate, self.source
        return {
            "name": self.name,
            "model": self.config.model,
            "source": None if source is None else source.name,
            "state": self.state.value,
            "error": self.error,
            "width_px": None if latest is None else latest.width,
            "height_px": None if latest is None else latest.height,
            "capture_clock": None if latest is None else latest.capture_clock,
            "frame_rate": None if latest is None or rate is None else round(rate, 2),
            "transforms": self.producer.transforms(),
            "counters": self.counters.summary(),
            "latency_ms": self.latency.summary(),
        }

    def end(self) -> None:
        """End the feed for good, without waiting for its run; watches see ``SlotClosed``. May be called twice."""
        with self._lock:
            self._closed = True
            if self._linger is not None:
                self._linger.cancel()
            self._drop_successor()
            self._output = None
            run = self._run
        self._fan_out.close()
        self._coded.end(closing=True)
        if run is not None:
            run.stop()

    def close(self, limit_s: float | None = None) -> bool:
        """End the feed for good and wait for its run, up to a limit; return whether it ended."""
        self.end()
        deadline_s = time.monotonic() + (CLOSE_LIMIT_S if limit_s is None else limit_s)
        runs = [*self._stopped, *([] if self._run is None else [self._run])]
        return all([run.wait(max(deadline_s - time.monotonic(), 0.0)) for run in runs])

    @property
    def _showing(self) -> Producer:
        """The producer whose frames readers get."""
        assert self._producer is not None, f"feed {self.name} has no producer yet"
        return self._producer

    @property
    def _sources(self) -> list[Feed]:
        """The feeds that run while this one does."""
        successor = self._succession.successor
        sources = [self._source, None if successor is None else successor.source]
        return [source for source in sources if source is not None]

    def _upstream(self, *, successors: bool = False) -> list[Feed]:
        """Return this feed and all its sources, those of successors too or not."""
        found, more = [], [self]
        while more:
            feed = more.pop()
            if feed not in found:
                found.append(feed)
                more += feed._sources if successors else [] if feed._source is None else [feed._source]
        return found

    def _start(self, producer: Producer, *, keeps_picture: bool = False) -> None:
        """Start a run of a producer; from now on only its frames are distributed."""
        before, self._output = self._output, _RunOutput(self, producer)
        # Before the start: the first frame may come at once.
        last = self._fan_out.latest if keeps_picture else None
        if last is None:
            self._fan_out.forget()
        self._coded.restart()
        try:
            self._run = producer.start(self._output, self.executor, self._run)
        except BaseException:
            self._output = before
            raise
        self._ended = False
        if self._last_picture is not None:
            self._last_picture.cancel()
            self._last_picture = None
        if last is not None:
            self._last_picture = self._clock.call_later(SUCCESSION_S, lambda: self._fan_out.forget(last))

    def _acquire(self, kept: int = 0) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError(f"camera {self.name} is closed")
            self._count_in(1, kept)

    def _leave_coded(self, reader: CodedReader) -> None:
        with self._lock:
            self._count_out(1)
            self._coded_users -= 1
        self._coded.detach(reader)

    @property
    def _frame_users(self) -> int:
        """The demand for frames. A camera that only is kept running may stay undecoded."""
        kept = self._kept_here and self.config.stream.passthrough == "auto"
        return self._users - self._coded_users - kept

    def _leave(self, slot: Slot[Frame]) -> None:
        with self._lock:
            self._watches.discard(slot)
            self._count_out(1)
        self.detach(slot)

    def _count_in(self, users: int, kept: int = 0) -> None:
        """Add demand, here and upstream, and start what must run."""
        if users == 0:
            return
        with ExitStack() as undo:
            for source in self._sources:
                source._count_in(users, kept)
                undo.callback(source._count_out, users, kept)
            undo.pop_all()
        self._users += users
        self._kept += kept
        self._cancel_linger()
        if self._output is None and not self._closed and self._starts_feed(users, kept):
            try:
                self._start(self._showing)
            except BaseException:
                self._count_out(users, kept)
                raise

    def _starts_feed(self, users: int, kept: int) -> bool:
        """Return whether the demand that was just added starts the feed.

        A watch that joins others on a feed that has ended sees its last frame. The first watch starts the feed again,
        even when the feed is kept running.
        """
        watchers_before = self._users - users - (self._kept - kept)
        return self._users == users or (not kept and watchers_before == 0)

    def _count_out(self, users: int, kept: int = 0) -> None:
        """Remove demand, here and upstream; a feed without demand stops after its linger."""
        if users == 0:
            return
        had_frame_users = self._frame_users > 0
        self._users -= users
        self._kept -= kept
        if had_frame_users and self._frame_users <= 0:
            self._frames_until_s = self._clock.monotonic() + self.config.linger_s
        if self._users == 0 and not self._closed:
            self._start_linger()
        for source in self._sources:
            source._count_out(users, kept)

    def _start_linger(self) -> None:
        self._cancel_linger()
        number = self._lingers
        self._linger = self._clock.call_later(self.config.linger_s, lambda: self._expire(number))

    def _cancel_linger(self) -> None:
        self._lingers += 1
        if self._linger is not None:
            self._linger.cancel()
            self._linger = None

    def _expire(self, number: int) -> None:
        with self._lock:
            # A timer that was cancelled too late still fires, with an old number.
            if self._users or number != self._lingers or self._closed:
                return
            self._linger = None
            self._succeed()
            running, self._output = self._output, None
            run, painter, last, version = self._run, self._painter, self._fan_out.latest, self._picture_version
            if last is None and self._coded.key is not None:
                self._held = HeldCodedPicture(self._coded.key)
            self._coded.restart()
        self._fan_out.forget()
        if running is not None and run is not None:
            run.stop()
        if painter is not None:
            if last is not None:
                self._hold(last, painter, version)
            painter.forget()
        logger.info("camera %s: unused, closed", self.name)

    @property
    def _picture_version(self) -> tuple[int, int]:
        return self._replacements, self._forgotten

    def _hold(self, last: Frame, painter: Painter, version: tuple[int, int]) -> None:
        """Keep the picture of the last frame, unless a change has made it obsolete meanwhile."""
        try:
            held = HeldPicture(last, painter)
        except Exception:  # such as a picture that is too wide for a JPEG
            logger.debug("camera %s: its last picture cannot be kept", self.name, exc_info=True)
            return
        with self._lock:
            if version == self._picture_version:
                self._held = held

    def _publish(self, output: _RunOutput, frame: Frame) -> bool:
        if output is not self._output:
            self._succeed(output, with_frame=True)
        return self._succession.publish(
            frame,
            output.producer.origin,
            current=lambda: output is self._output,
            published=self._count_frame,
        )

    def _publish_coded(self, output: _RunOutput, picture: CodedPicture) -> bool:
        if self._fan_out.latest is not None and not self.wants_frames:
            self._fan_out.forget()  # nobody must take it for the present one
        is_current = self._succession.publish_coded(
            picture, output.producer.origin, current=lambda: output is self._output
        )
        if is_current:
            self._count_frame()
        return is_current

    def _count_frame(self) -> None:
        self.rate.tick()
        self.counters.add("frames_out")

    def _end_run(self, output: Output) -> None:
        with self._lock:
            if output is self._output:
                self._output, self._ended = None, True
                self._succeed()


class _RunOutput:
    """The output of one run of a feed's producer."""

    def __init__(self, feed: Feed, producer: Producer) -> None:
        self.producer = producer
        self._feed = feed

    @property
    def unread(self) -> int:
        return self._feed._fan_out.unread

    @property
    def wants_frames(self) -> bool:
        return self._feed.wants_frames

    def publish(self, frame: Frame) -> bool:
        return self._feed._publish(self, frame)

    def publish_coded(self, picture: CodedPicture) -> bool:
        return self._feed._publish_coded(self, picture)

    def end(self) -> None:
        self._feed._end_run(self)

    def failed(self) -> None:
        self._feed._succeed(self)
