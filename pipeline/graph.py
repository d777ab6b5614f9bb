"""The graph of a configuration: a feed and a producer for each camera, nothing running until it is watched."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from functools import partial
from typing import Any

from cameras import Attributes
from transforms import Transform
from vision import ModelError, VisionService, check_model

from .changes import Changes, changes_between
from .checks import wrong_kinds, wrong_labels
from .config import Config, ConfigError, Problem, TransformAttributes, make_services
from .feeds import CLOSE_LIMIT_S, Clock, Feed, Producer, SystemClock
from .producers import Line, Surroundings, make_producer

logger = logging.getLogger(__name__)


class Graph:
    """All cameras and vision services of a configuration, which may be exchanged for another one.

    Nothing is opened by building it. ``open`` looks at every model once and starts what is to be kept warm; everything
    else starts when it is watched. ``close`` ends all of it.

    Whoever wants the present cameras, services or configuration asks the graph for them each time. An exchange puts
    other mappings in the place of these, so that one that is being gone through never changes.

    Attributes:
        config: What it is now built from.
        feeds: The feed of every camera, sources before those that take from them.
        services: Every vision service.
    """

    def __init__(self, config: Config, *, clock: Clock | None = None) -> None:
        self._clock = clock or SystemClock()
        # Shared by all feeds; a configuration takes the place of another one under it.
        self._lock = threading.RLock()
        # Held while a configuration is checked too, which may take long.
        self._reconfiguring = threading.Lock()
        self._opened = self._closed = False
        self.config = _empty(config)
        self.feeds: dict[str, Feed] = {}
        self.services: dict[str, VisionService[Any]] = {}
        self._apply(self._plan(config))

    def open(self) -> None:
        """Look at every model and start the cameras that are to be kept running.

        Labels that a service never gives are named in a warning, as its list may be short; where a slip would leave
        something unhidden they are an error.

        Raises:
            ConfigError: with every model that cannot be used and every transform that asks for what a model cannot do.
        """
        before = _empty(self.config)
        producers = {name: (feed.producer, feed.source) for name, feed in self.feeds.items()}
        changes = changes_between(before, self.config)
        _check(_Plan(before, self.config, changes, self.feeds, self.services, producers))
        with self._lock:
            self._opened = True
            for feed in self.feeds.values():
                feed.keep_running(feed.config.preload)

    def reconfigure(self, config: Config) -> Changes:
        """Go on with another configuration, of which everything is checked before anything is changed.

        Cameras and services that are declared as before are not touched. A changed camera keeps its feed and whoever
        watches it; its producer is exchanged. The feed of a camera that is removed ends for good. When a camera becomes
        private, those who watch it now see their watches end.

        Blocks while models are loaded.

        Args:
            config: The whole of it. What it says of the server is for whoever reads ``graph.config``.

        Returns:
            What was done.

        Raises:
            ConfigError: as :meth:`open`, of all that is new or changed; the graph goes on as before.
            RuntimeError: when the graph is closed, or the machine gives no more threads; what was exchanged until then
                is exchanged back.
        """
        with self._reconfiguring:
            plan = self._plan(config)
            _check(plan)
            self._apply(plan)
        return plan.changes

    def close(self) -> None:
        """End every feed, those that take before those they take from, all within one limit. Harmless twice."""
        with self._lock:
            self._closed = True
            feeds = list(reversed(self.feeds.values()))
        for feed in feeds:
            feed.end()
        deadline_s = time.monotonic() + CLOSE_LIMIT_S
        for feed in feeds:
            if not feed.close(max(deadline_s - time.monotonic(), 0.0)):
                logger.warning("camera %s: does not end; it is left behind", feed.name)
        self._clock.close()

    def _plan(self, config: Config) -> _Plan:
        """Make what a configuration needs and is not there, without starting anything."""
        changes = changes_between(self.config, config)
        kept = {name: self.services[name] for name in changes.services.unchanged}
        services = {**make_services(config), **kept}
        feeds = {name: self.feeds.get(name) or Feed(name, self._clock, self._lock) for name in in_order(config)}
        around = Surroundings(feeds, services, config.tables, self._clock)
        producers = {
            name: make_producer(config.cameras[name], feed.reports, around)
            for name, feed in feeds.items()
            if name not in changes.cameras.unchanged
        }
        return _Plan(self.config, config, changes, feeds, services, producers)

    def _apply(self, plan: _Plan) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError("the graph is closed")
            with ExitStack() as undo:
                # Sources first: what a feed takes from is final by then, so that no chain is ever a circle.
                for name, (producer, source) in plan.producers.items():
                    feed, declared = plan.feeds[name], plan.config.cameras[name]
                    undone = _restored(feed) if name in self.feeds else partial(_remove, feed)
                    feed.produce(declared, producer, source)
                    undo.callback(undone)
                    feed.keep_running(self._opened and declared.preload)
                undo.pop_all()
            removed = [feed for name, feed in self.feeds.items() if name not in plan.feeds]
            self.config, self.feeds, self.services = plan.config, plan.feeds, plan.services
            for feed in reversed(removed):
                _remove(feed)
            for name in plan.changes.cameras.changed:
                if plan.config.cameras[name].private and not plan.before.cameras[name].private:
                    plan.feeds[name].end_watches()


@dataclass(frozen=True)
class _Plan:
    """What takes the place of what a graph is built from.

    Attributes:
        before: The present configuration.
        config: The one to come.
        changes: What differs.
        feeds: All of them, in order; those that stay are the present ones.
        services: All of them, likewise.
        producers: Of each camera that is new or changed, in order, with the feed that it takes its frames from.
    """

    before: Config
    config: Config
    changes: Changes
    feeds: dict[str, Feed]
    services: dict[str, VisionService[Any]]
    producers: dict[str, tuple[Producer, Feed | None]]


def _restored(feed: Feed) -> Callable[[], None]:
    """Return what gives a feed back the producer that it has now."""
    config, producer, source, kept = feed.config, feed.producer, feed.source, feed.kept

    def restore() -> None:
        feed.produce(config, producer, source)
        feed.keep_running(kept)

    return restore


def _remove(feed: Feed) -> None:
    feed.keep_running(False)
    feed.end()


def _empty(config: Config) -> Config:
    """Return a configuration of the same kinds that declares nothing."""
    return Config({}, {}, tables=config.tables)


def _check(plan: _Plan) -> None:
    """Look at every model, and at every use of one, that is new or changed.

    Raises:
        ConfigError: with all that is wrong.
    """
    config = plan.config
    problems = list(_unusable_models(plan))
    lines = {name: transforms_of(producer) for name, (producer, _) in plan.producers.items()}
    for name, transforms in lines.items():
        problems += wrong_kinds(config, name, transforms, plan.services)
        problems += wrong_labels(config, name, transforms, must_exist=True)
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))
    for name, transforms in lines.items():
        for problem in wrong_labels(config, name, transforms, must_exist=False):
            logger.warning("%s", problem)


def _unusable_models(plan: _Plan) -> Iterator[Problem]:
    config = plan.config
    for name, service in plan.services.items():
        if name in plan.changes.services.unchanged:
            continue
        try:
            service.inspect()
        except ModelError as error:
            yield config.service_problem(name, str(error))
    used = {declared.runtime.name for declared in config.services.values() if declared.runtime is not None}
    for name, model in config.models.items():
        if name not in used and plan.before.models.get(name) != model:
            try:
                check_model(model, runtimes=config.tables.runtimes)
            except ModelError as error:
                yield config.service_problem(name, str(error))


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
