"""The graph of a configuration: a feed and a producer for each camera, nothing running until it is watched."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Iterator

from cameras import Attributes
from transforms import Transform
from vision import ModelError, check_model

from .checks import wrong_kinds, wrong_labels
from .config import Config, ConfigError, Problem, TransformAttributes, make_services
from .feeds import CLOSE_LIMIT_S, Clock, Feed, Producer, SystemClock
from .producers import Line, Surroundings, make_producer

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
            self._produce(name, config)

    def open(self) -> None:
        """Look at every model and start the cameras that are to be kept running.

        Labels that a service never gives are named in a warning, as its list may be short; where a slip would leave
        something unhidden they are an error.

        Raises:
            ConfigError: with every model that cannot be used and every transform that asks for what a model cannot do.
        """
        problems = list(self._unusable_models())
        for name, feed in self.feeds.items():
            problems += self._wrong(name, self.config, feed.producer)
        if problems:
            raise ConfigError(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
        for name, feed in self.feeds.items():
            for problem in wrong_labels(self.config, name, transforms_of(feed.producer), must_exist=False):
                logger.warning("%s", problem)
        for feed in self.feeds.values():
            if feed.config.preload:
                feed.keep_running()

    def exchange(self, name: str, config: Config) -> None:
        """Have a camera's frames made as a configuration declares it from now on; whoever watches it stays.

        Args:
            name: Of a camera that is there.
            config: Where it is declared, with a source and vision services that are there.

        Raises:
            KeyError: when the camera, its source or a service is not there.
            ConfigError: when it asks a model for what it cannot do.
            ValueError: when the camera would take its frames from itself.
            RuntimeError: when the graph is closed, or the machine gives no more threads; it goes on as before then.
        """
        self._produce(name, config, check=True)

    def close(self) -> None:
        """End every feed, those that take before those they take from, all within one limit. Harmless twice."""
        for feed in reversed(self.feeds.values()):
            feed.end()
        deadline_s = time.monotonic() + CLOSE_LIMIT_S
        for feed in reversed(self.feeds.values()):
            if not feed.close(max(deadline_s - time.monotonic(), 0.0)):
                logger.warning("camera %s: does not end; it is left behind", feed.name)
        self._clock.close()

    def _produce(self, name: str, config: Config, *, check: bool = False) -> None:
        feed, declared = self.feeds[name], config.cameras[name]
        around = Surroundings(self.feeds, self.services, config.tables, self._clock)
        producer, source = make_producer(declared, feed.reports, around)
        if check and (problems := list(self._wrong(name, config, producer))):
            raise ConfigError(problems)
        feed.produce(declared, producer, source)

    def _wrong(self, name: str, config: Config, producer: Producer) -> Iterator[Problem]:
        """Yield what is wrong with a producer, as far as its models are known."""
        transforms = transforms_of(producer)
        yield from wrong_kinds(config, name, transforms, self.services)
        yield from wrong_labels(config, name, transforms, must_exist=True)

    def _unusable_models(self) -> Iterator[Problem]:
        for service in self.services.values():
            try:
                service.inspect()
            except ModelError as error:
                yield self.config.service_problem(service.name, str(error))
        used = {declared.runtime.name for declared in self.config.services.values() if declared.runtime is not None}
        for name, model in self.config.models.items():
            if name not in used:
                try:
                    check_model(model, runtimes=self.config.tables.runtimes)
                except ModelError as error:
                    yield self.config.service_problem(name, str(error))


def transforms_of(producer: Producer) -> tuple[Transform[Attributes], ...]:
    """Return the transforms of a line; none for any other producer."""
    return producer.row.transforms if isinstance(producer, Line) else ()


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
