"""The meters of a running camera: counts, rates, and the duration of each stage."""

from __future__ import annotations

import threading
import time
from collections import Counter, deque
from collections.abc import Callable, Mapping, Sequence
from itertools import pairwise
from typing import NamedTuple

from cameras import Buckets, Histogram, Mark

WINDOW_S = 5.0
"""Time window of rates."""

BYTES_WINDOW_S = 2.0
"""Time window of byte rates."""

LEAST_SPAN_S = 0.5
"""A shorter span gives no rate: a camera that has just started may send frames in a burst."""

SAMPLES = 256
"""Number of newest durations in the percentiles of a stage: about 8 s at 30 frames per second."""

STAGE_BOUNDS_S = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0)
"""Upper bounds of the buckets of durations: from a stage that does nothing to one that is late for anybody."""

COUNTS = ("decoded", "frames_in", "frames_out", "dropped", "shed", "painted", "encoded", "errors")


class StreamCounts(NamedTuple):
    """What the shared streams of a camera with one codec have sent, each frame once, however many viewers it has."""

    frames: int = 0
    key_frames: int = 0
    size: int = 0


class Counters:
    """Counts since the program started; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._counts: Counter[str] = Counter()
        self._inferences: Counter[str] = Counter()
        self._streams: dict[tuple[str, bool], StreamCounts] = {}

    def add(self, name: str, number: int = 1) -> None:
        """Add to one of ``COUNTS``."""
        if name not in COUNTS:
            raise ValueError(f"{name!r} is not counted; known: {', '.join(COUNTS)}")
        with self._lock:
            self._counts[name] += number

    def add_inferences(self, service: str, number: int) -> None:
        """Count inferences of a vision service."""
        with self._lock:
            self._inferences[service] += number

    def add_stream_frame(self, codec: str, size: int, *, is_key: bool, passthrough: bool) -> None:
        """Count a frame of a shared stream.

        Args:
            codec: Its codec.
            size: Its size in bytes.
            is_key: Whether it is a key frame.
            passthrough: Whether it is as the camera has coded it.
        """
        with self._lock:
            frames, key_frames, before = self._streams.get((codec, passthrough), _NOTHING_SENT)
            self._streams[codec, passthrough] = StreamCounts(frames + 1, key_frames + is_key, before + size)

    def __getitem__(self, name: str) -> int:
        with self._lock:
            return self._counts[name]

    @property
    def streams(self) -> Mapping[tuple[str, bool], StreamCounts]:
        """What its shared streams have sent, by codec and whether they are as the camera has coded them."""
        with self._lock:
            return dict(self._streams)

    @property
    def inferences(self) -> Mapping[str, int]:
        """Inferences that this camera caused, by service; a shared result counts for the camera that caused it."""
        with self._lock:
            return dict(self._inferences)

    def summary(self) -> dict[str, int | dict[str, int]]:
        """Return all counts for the HTTP API."""
        with self._lock:
            counts: dict[str, int | dict[str, int]] = {name: self._counts[name] for name in COUNTS}
            counts["inferences"] = dict(self._inferences)
            return counts


_NOTHING_SENT = StreamCounts()


class Rate:
    """Events per second over the last few seconds."""

    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._ticks: deque[tuple[float, int]] = deque()

    def tick(self, number: int = 1) -> None:
        """Record ``number`` events; 0 records nothing."""
        if number == 0:
            return
        with self._lock:
            self._ticks.append((self._monotonic(), number))
            self._forget()

    @property
    def per_second(self) -> float | None:
        """Events per second between the first and the last record; ``None`` while the span is too short."""
        with self._lock:
            self._forget()
            if len(self._ticks) < 2:
                return None
            span = self._ticks[-1][0] - self._ticks[0][0]
            since_first = sum(number for _, number in self._ticks) - self._ticks[0][1]
            return since_first / span if span >= LEAST_SPAN_S else None

    def _forget(self) -> None:
        oldest = self._monotonic() - WINDOW_S
        while self._ticks and self._ticks[0][0] < oldest:
            self._ticks.popleft()


class ByteRate:
    """Bytes per second over the last few seconds; safe from any thread."""

    def __init__(self, monotonic: Callable[[], float]) -> None:
        self._monotonic = monotonic
        self._lock = threading.Lock()
        self._records: deque[tuple[float, int]] = deque()
        self._bytes = 0

    def add(self, number: int) -> None:
        """Count bytes at the present time."""
        with self._lock:
            self._records.append((self._monotonic(), number))
            self._bytes += number
            self._forget()

    @property
    def bits_per_second(self) -> int:
        """Bits per second over the last two seconds."""
        with self._lock:
            self._forget()
            return round(8 * self._bytes / BYTES_WINDOW_S)

    def _forget(self) -> None:
        oldest = self._monotonic() - BYTES_WINDOW_S
        while self._records and self._records[0][0] < oldest:
            self._bytes -= self._records.popleft()[1]


class Latency:
    """Durations of the stages of a frame; safe from any thread."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._stages: dict[str, _Stage] = {}

    def add(self, stage: str, seconds: float) -> None:
        """Record the duration of a stage for one frame."""
        with self._lock:
            found = self._stages.get(stage)
            if found is None:
                found = self._stages[stage] = _Stage()
            found.newest.append(seconds)
        found.all.add(seconds)

    @property
    def histograms(self) -> Mapping[str, Buckets]:
        """All durations of each stage since the program started, in seconds."""
        with self._lock:
            stages = list(self._stages.items())
        return {stage: durations.all.read() for stage, durations in stages}

    def summary(self) -> dict[str, dict[str, float]]:
        """Return median and 95th percentile of each stage's newest durations, in milliseconds."""
        with self._lock:
            stages = {stage: sorted(durations.newest) for stage, durations in self._stages.items()}
        return {
            stage: {"p50": _milliseconds(samples, 0.5), "p95": _milliseconds(samples, 0.95)}
            for stage, samples in stages.items()
        }


class _Stage:
    """The durations of one stage: the newest, for percentiles of now, and all, for those of any time."""

    def __init__(self) -> None:
        self.newest: deque[float] = deque(maxlen=SAMPLES)
        self.all = Histogram(STAGE_BOUNDS_S)


def wait_of(camera: str) -> str:
    """Return the name of the stage in which a frame waits for a thread of a camera; no camera has such a name."""
    return f"{camera} wait"


def waited_s(trace: Sequence[Mark], camera: str) -> float:
    """Return how long a frame has waited for threads of a camera, for all its transforms and encoders together."""
    stage = wait_of(camera)
    return sum(mark.at_s - before.at_s for before, mark in pairwise(trace) if mark.stage == stage)


def _milliseconds(ordered: list[float], share: float) -> float:
    return round(1000 * ordered[min(int(share * len(ordered)), len(ordered) - 1)], 3)
