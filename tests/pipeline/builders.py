"""Builders of configurations and feeds for tests."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent

from cameras import Attributes, Camera
from pipeline import CameraConfig, Clock, Config, Feed, WorkerExecutor, parse
from pipeline.producers.line import Line
from pipeline.producers.source import Source
from pipeline.producers.step import Row
from tests.fakes import NoAttributes
from transforms import Transform


def config(text: str, folder: Path = Path()) -> Config:
    """Return the configuration of a YAML text."""
    return parse(dedent(text), "test.yaml", folder)


def camera_config(name: str, *, preload: bool = False) -> CameraConfig:
    """Return the declaration of a camera of that name, for a feed whose producer the test makes."""
    return CameraConfig(name=name, model="test_pattern", attributes=NoAttributes(), preload=preload)


def source_feed(
    name: str,
    make: Callable[[], Camera[Attributes]],
    clock: Clock,
    lock: threading.RLock | None = None,
    *,
    may_pass: bool = False,
) -> Feed:
    """Return a feed of the cameras that ``make`` returns."""
    feed = Feed(name, clock, lock or threading.RLock(), WorkerExecutor(clock))
    feed.produce(camera_config(name), Source(name, make, clock, feed.reports, may_pass=may_pass))
    return feed


def line_feed(name: str, source: Feed, *transforms: Transform[Attributes], clock: Clock, lock: threading.RLock) -> Feed:
    """Return a feed that applies transforms to the frames of another."""
    feed = Feed(name, clock, lock, WorkerExecutor(clock))
    feed.produce(camera_config(name), Line(name, source, Row(transforms), clock, feed.reports), source)
    return feed
