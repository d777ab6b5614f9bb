"""The feed of one camera: demand, the newest frame, readers, painting, and meters."""

from __future__ import annotations

import logging
import threading
from typing import Any

from cameras import Frame, Slot

from ..camera_config import CameraConfig
from ..execution import Clock, Executor, Run, Timer
from .fan_out import FanOut
from .held import HeldPicture
from .meters import Counters, Latency, Rate
from .painter import Painter
from .producer import Producer, State
from .reports import Reports
from .timeline import Splice
from .watch import Watch

logger = logging.getLogger(__name__)


class Feed:
    """A named camera as readers see it: permanent, while its producer can be replaced.

    A feed has one :class:`Producer`, which :meth:`produce` sets and replaces. Readers see a replacement only in the
    frames; their time and sequence keep increasing.

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
        self._kept = 0
        self._kept_here = False
        self._watches: set[Slot[Frame]] = set()
        self._output: _RunOutput | None = None
        self._run: Run | None = None
        self._ended = False
        self._linger: Timer | None = None
        self._lingers = 0
        self._closed = False
        self._replacements = 0
        self._fan_out = FanOut()
        self._held: HeldPicture | None = None
        self._splice = Splice()

    @property
    def config(self) -> CameraConfig:
        """The present declaration of the camera; read it again for each use."""
        assert self._config is not None, f"feed {self.name} has no producer yet"
        return self._config

    @property
    def producer(self) -> Producer:
        """The present producer."""
        assert self._producer is not None, f"feed {self.name} has no producer yet"
        return self._producer

    @property
    def source(self) -> Feed | None:
        """The feed that its frames come from; ``None`` when its producer takes them from a camera."""
        return self._source

    @property
    def root(self) -> Feed:
        """The feed at the start of its chain; itself without a source."""
        source = self.source
        return self if source is None else source.root

    @property
    def version(self) -> tuple[int, ...]:
        """A value that changes with each replacement of a producer, here or upstream.

        Compare it before you reuse anything derived from ``annotates`` or the frame rate. A change of ``config`` alone
        leaves it as it is.
        """
        upstream = () if self._source is None else self._source.version
        return (self._replacements, *upstream)

    @property
    def annotates(self) -> bool:
        """Whether any producer in its chain attaches annotations."""
        source = self.source
        return self.producer.annotates or (source is not None and source.annotates)

    @property
    def live(self) -> bool:
        """Whether the frames at the start of its chain are captured as they come, not taken from a file."""
        return self.root.producer.live

    @property
    def state(self) -> State:
        """The state of the camera."""
        if self._output is None:
            return State.ENDED if self._ended else State.IDLE
        return self.producer.state

    @property
    def error(self) -> str | None:
        """The present error, here or upstream, or that with which it ended; ``None`` without an error."""
        return None if self._output is None and not self._ended else self.producer.error

    @property
    def error_lasts(self) -> bool:
        """Whether no frame will come, here or upstream, unless somebody changes a file or the configuration."""
        return self._output is not None and self.producer.error_lasts

    @property
    def frame_rate(self) -> float | None:
        """Frames per second, declared or measured; ``None`` before the first frame."""
        measured = self.producer.frame_rate or self.rate.per_second
        return measured if measured or self.source is None else self.source.frame_rate

    @property
    def latest(self) -> Frame | None:
        """The newest frame of the present run; ``None`` before the first one and while the feed is idle."""
        return self._fan_out.latest

    def held(self, annotations: bool = True) -> Frame | None:
        """Return the newest frame, however old, or that of the last run; ``None`` when there was none.

        Its annotations are painted, unless ``annotations`` is false; those of the last run are not kept as data.
        """
        frame, held = self.latest, self._held
        if frame is not None:
            return self.painted(frame) if annotations else frame
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

        When the feed is watched, the new producer starts at once and replaces the old one; watches stay open. When it
        cannot be started, the old one continues.

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
            if source is not None and self in source._upstream():
                raise ValueError(f"camera {self.name} would take its frames from itself")
            users, kept, old_source = self._users, self._kept, self._source
            running, run = self._output is not None, self._run
            if source is not None:
                source._count_in(users, kept)
            try:
                if users:
                    self._start(producer)
                else:
                    self._output = None
                    self._fan_out.forget()
            except BaseException:
                if source is not None:
                    source._count_out(users, kept)
                raise
            self._config, self._producer, self._source = config, producer, source
            self._painter = Painter(config.style, self.counters)
            self._held = None
            self._ended = False
            self._replacements += 1
            if running and run is not None:
                run.stop()
            if old_source is not None:
                old_source._count_out(users, kept)

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
            before, self._config = self.config, config
            if config.style != before.style:
                self._painter = Painter(config.style, self.counters)
            if self._linger is not None and config.linger_s != before.linger_s:
                self._start_linger()

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
        latest, rate, source = self.latest, self.frame_rate, self.source
        return {
            "name": self.name,
            "model": self.config.model,
            "source": None if source is None else source.name,
            "state": self.state.value,
            "error": self.error,
            "width_px": None if latest is None else latest.width,
            "height_px": None if latest is None else latest.height,
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
            self._output = None
            run = self._run
        self._fan_out.close()
        if run is not None:
            run.stop()

    def close(self, limit_s: float | None = None) -> bool:
        """End the feed for good and wait for its run, up to a limit; return whether it ended."""
        self.end()
        return self._run is None or self._run.wait(limit_s)

    def _upstream(self) -> list[Feed]:
        """Return this feed and all its sources."""
        source = self.source
        return [self] if source is None else [self, *source._upstream()]

    def _start(self, producer: Producer) -> None:
        """Start a run of a producer; from now on only its frames are distributed."""
        before, self._output = self._output, _RunOutput(self, producer)
        self._fan_out.forget()
        try:
            self._run = producer.start(self._output, self.executor, self._run)
        except BaseException:
            self._output = before
            raise
        self._ended = False

    def _acquire(self, kept: int = 0) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError(f"camera {self.name} is closed")
            self._count_in(1, kept)

    def _leave(self, slot: Slot[Frame]) -> None:
        with self._lock:
            self._watches.discard(slot)
            self._count_out(1)
        self.detach(slot)

    def _count_in(self, users: int, kept: int = 0) -> None:
        """Add demand, here and upstream, and start what must run."""
        if users == 0:
            return
        if self._source is not None:
            self._source._count_in(users, kept)
        self._users += users
        self._kept += kept
        self._cancel_linger()
        if self._output is None and self._starts_feed(users, kept):
            try:
                self._start(self.producer)
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
        self._users -= users
        self._kept -= kept
        if self._users == 0 and not self._closed:
            self._start_linger()
        if self._source is not None:
            self._source._count_out(users, kept)

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
            running, self._output = self._output, None
            run, painter, last, version = self._run, self._painter, self._fan_out.latest, self._replacements
        self._fan_out.forget()
        if running is not None and run is not None:
            run.stop()
        if painter is not None:
            if last is not None:
                self._hold(last, painter, version)
            painter.forget()
        logger.info("camera %s: unused, closed", self.name)

    def _hold(self, last: Frame, painter: Painter, version: int) -> None:
        """Keep the picture of the last frame, unless a replacement of the producer has made it obsolete meanwhile."""
        try:
            held = HeldPicture(last, painter)
        except Exception:  # such as a picture that is too wide for a JPEG
            logger.debug("camera %s: its last picture cannot be kept", self.name, exc_info=True)
            return
        with self._lock:
            if version == self._replacements:
                self._held = held

    def _publish(self, output: _RunOutput, frame: Frame) -> bool:
        def placed() -> Frame | None:
            # An abandoned thread may continue after another one has replaced it.
            return self._splice.place(frame, output.producer.origin) if output is self._output else None

        if not self._fan_out.publish(placed):
            return False
        self.rate.tick()
        self.counters.add("frames_out")
        return True

    def _end_run(self, output: _RunOutput) -> None:
        with self._lock:
            if output is self._output:
                self._output, self._ended = None, True


class _RunOutput:
    """The output of one run of a feed's producer."""

    def __init__(self, feed: Feed, producer: Producer) -> None:
        self.producer = producer
        self._feed = feed

    @property
    def unread(self) -> int:
        return self._feed._fan_out.unread

    def publish(self, frame: Frame) -> bool:
        return self._feed._publish(self, frame)

    def end(self) -> None:
        self._feed._end_run(self)
