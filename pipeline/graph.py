"""Build the graph from a configuration: a feed per camera, nothing running yet."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator
from functools import partial

from cameras import Attributes
from transforms import Asking, Transform
from vision import ModelError, try_model

from .clock import Clock, SystemClock
from .config import (
    CameraConfig,
    Config,
    ConfigError,
    Problem,
    Problems,
    TransformAttributes,
    is_unknown,
    make_camera,
    make_services,
    make_transforms,
    quoted,
)
from .executor import CLOSE_LIMIT_S
from .feed import Feed
from .line import Line
from .source import Source
from .step import Row

logger = logging.getLogger(__name__)


class Graph:
    """All cameras and vision services of a configuration.

    Nothing is opened by building it. ``open`` looks at every model once and starts what is to be kept warm; everything
    else starts when it is watched. ``close`` ends all of it.

    Attributes:
        config: What it was built from.
        feeds: The feed of every camera, sources before those that take from them.
        services: Every vision service.
    """

    def __init__(self, config: Config, *, clock: Clock | None = None) -> None:
        self.config = config
        self.services = make_services(config)
        self._clock = clock or SystemClock()
        self._lock = threading.RLock()
        self.feeds: dict[str, Feed] = {}
        for name in in_order(config):
            self.feeds[name] = Feed(name, self._clock, self._lock)
            self.exchange(config.cameras[name])

    def open(self) -> None:
        """Look at every model and start the cameras that are to be kept running.

        Labels that a service never gives are named in a warning, as its list may be short; where a slip would leave
        something unhidden they are an error.

        Raises:
            ConfigError: with every model that cannot be used and every transform that asks for what a model cannot do.
        """
        problems = [*self._inspect(), *self._kinds(), *self._labels(must_exist=True)]
        if problems:
            raise ConfigError(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
        for problem in self._labels(must_exist=False):
            logger.warning("%s", problem)
        for feed in self.feeds.values():
            if feed.config.preload:
                feed.keep_running()

    def exchange(self, config: CameraConfig) -> None:
        """Have a camera's frames made as a configuration says from now on; whoever watches it stays.

        Raises:
            KeyError: when there is no such camera, or its source is none.
            ValueError: when the camera would take its frames from itself.
            RuntimeError: when the graph is closed, or the machine gives no more threads; it goes on as before then.
        """
        feed = self.feeds[config.name]
        if isinstance(config.attributes, TransformAttributes):
            source = self.feeds[config.attributes.source]
            row = Row(make_transforms(config.attributes, self.services, self.config.tables), config.attributes)
            feed.produce(config, Line(config.name, source, row, self._clock, feed.reports), source)
        else:
            make = partial(make_camera, config, tables=self.config.tables)
            feed.produce(config, Source(config.name, make, self._clock, feed.reports))

    def close(self) -> None:
        """End every feed, those that take before those they take from, all within one limit. Harmless twice."""
        for feed in reversed(self.feeds.values()):
            feed.end()
        deadline_s = time.monotonic() + CLOSE_LIMIT_S
        for feed in reversed(self.feeds.values()):
            if not feed.close(max(deadline_s - time.monotonic(), 0.0)):
                logger.warning("camera %s: does not end; it is left behind", feed.name)
        self._clock.close()

    def _inspect(self) -> Iterator[Problem]:
        for service in self.services.values():
            try:
                service.inspect()
            except ModelError as error:
                yield self.config.service_problem(service.name, str(error))
        used = {declared.runtime.name for declared in self.config.services.values() if declared.runtime is not None}
        for name, model in self.config.models.items():
            if name not in used:
                try:
                    try_model(model, runtimes=self.config.tables.runtimes)
                except ModelError as error:
                    yield self.config.service_problem(name, str(error))

    def _kinds(self) -> Iterator[Problem]:
        for name, feed in self.feeds.items():
            for index, transform in enumerate(transforms_of(feed)):
                # A service without kinds has been reported as a whole.
                if not isinstance(transform, Asking) or not transform.service.kinds:
                    continue
                for attribute, service, kind in transform.needs(transform.attributes):
                    kinds = self.services[service].kinds
                    if kind not in kinds:
                        yield self.config.problem(
                            ("cameras", name, "attributes", "pipeline", index, "attributes", attribute),
                            f"service {service} gives {' and '.join(sorted(kinds))}, not {kind}",
                        )

    def _labels(self, *, must_exist: bool) -> Iterator[Problem]:
        suggestions = Problems("")
        for name, feed in self.feeds.items():
            for index, transform in enumerate(transforms_of(feed)):
                if not isinstance(transform, Asking) or transform.labels_must_exist is not must_exist:
                    continue
                if not transform.service.labels:
                    continue
                known = transform.service.labels
                folded = {label.casefold() for label in known}
                for number, label in enumerate(getattr(transform.attributes, "valid_labels", ())):
                    if label.casefold() not in folded:
                        what = f"service {transform.service.name} gives no {quoted(label)}"
                        yield self.config.problem(
                            ("cameras", name, "attributes", "pipeline", index, "attributes", "valid_labels", number),
                            is_unknown(suggestions, what, label, known),
                        )


def transforms_of(feed: Feed) -> tuple[Transform[Attributes], ...]:
    """Return the transforms of a feed; none where it is a source."""
    return feed.producer.row.transforms if isinstance(feed.producer, Line) else ()


def in_order(config: Config) -> list[str]:
    """Return the names of all cameras, each after the one that it takes its frames from."""
    ordered: dict[str, None] = {}

    def add(name: str) -> None:
        attributes = config.cameras[name].attributes
        if isinstance(attributes, TransformAttributes) and attributes.source not in ordered:
            add(attributes.source)
        ordered[name] = None

    for name in config.cameras:
        add(name)
    return list(ordered)
