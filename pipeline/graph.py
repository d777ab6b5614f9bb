"""The graph of a configuration: a feed and a producer for each camera, which run on demand."""

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
from vision import INFERENCE_LIMIT, ModelError, VisionService, check_model

from .camera_config import DownstreamAttributes
from .changes import Changes, changes_between, files_differ
from .checks import wrong_kinds, wrong_labels
from .config import Config, ConfigError, Problem, constructing, files_of_model, make_services
from .execution import CLOSE_LIMIT_S, Clock, Executor, SystemClock, WorkerExecutor
from .feeds import Feed, Producer
from .producers import Line, ProducerContext, bug_message, make_producer

logger = logging.getLogger(__name__)


class Graph:
    """All cameras and vision services of a configuration, which can be replaced while the graph runs.

    The constructor opens nothing. ``open`` checks every model once and starts the cameras with ``preload``; the others
    start when they are watched. ``close`` ends all.

    Read the attributes again for each use: ``reconfigure`` replaces the mappings, and never changes one in place,
    since another thread may iterate over it.

    Args:
        config: The configuration.
        clock: Times everything that runs; the real time by default.
        executor: Runs sources, lines and encoders; by default a few workers run lines and encoders, and each source
            has a thread of its own, since it blocks while it waits for a frame.

    Attributes:
        config: The present configuration.
        feeds: The feed of every camera, each source before its readers.
        services: Every vision service.
    """

    def __init__(self, config: Config, *, clock: Clock | None = None, executor: Executor | None = None) -> None:
        self._clock = clock or SystemClock()
        self._executor = executor or WorkerExecutor(self._clock)
        # Shared by all feeds; held while one configuration replaces another.
        self._lock = threading.RLock()
        # Also held while a configuration is checked, which may take long.
        self._reconfiguring = threading.Lock()
        self._opened = self._closed = False
        # Removed feeds whose runs may not have ended yet.
        self._ending: list[Feed] = []
        self.config = _empty(config)
        self._picture_limits = config.server.limits.pictures
        self.feeds: dict[str, Feed] = {}
        self.services: dict[str, VisionService[Any]] = {}
        self._apply(self._plan(config))

    @property
    def closed(self) -> bool:
        """Whether :meth:`close` was called."""
        return self._closed

    def open(self) -> None:
        """Check every model and start the cameras with ``preload``.

        Labels that a service never gives are logged as a warning, since its list may be incomplete; for transforms
        where a misspelt label would leave something visible they are an error.

        Raises:
            ConfigError: with every model that cannot be used and every transform that needs what a model does not give.
        """
        before = _empty(self.config)
        producers = {name: (feed.producer, feed.source) for name, feed in self.feeds.items()}
        changes = changes_between(before, self.config)
        plan = _Plan(before, self.config, changes, self.feeds, self.services, producers)
        _check(plan)
        _warn(plan)
        with self._lock:
            self._opened = True
            for feed in self.feeds.values():
                feed.keep_running(feed.config.preload)

    def reconfigure(self, config: Config) -> Changes:
        """Replace the configuration. It is checked completely before anything changes.

        Unchanged cameras and services are not touched. A changed camera keeps its feed and its watches; its producer is
        replaced, a line without a gap (:meth:`Feed.produce`), unless only its ``SETTINGS`` differ, or attributes of
        transforms that these exchange: those take effect while it runs, without a lost frame. The feed of a removed
        camera ends for good. When a camera becomes private, its open watches end.

        Blocks while models are loaded.

        Args:
            config: The complete new configuration. Of its server block, the limits of pictures hold for cameras that
                are opened from now on, and that of inference at once; readers of ``graph.config`` see the rest.

        Returns:
            The difference to the previous configuration.

        Raises:
            ConfigError: as :meth:`open`, for what is new or changed; the graph continues unchanged.
            RuntimeError: when the graph is closed, or the system gives no more threads; replaced producers are
                restored.
        """
        with self._reconfiguring:
            plan = self._plan(config)
            _check(plan)
            _warn(plan)
            self._apply(plan)
        return plan.changes

    def check(self, config: Config) -> None:
        """Check a configuration as :meth:`reconfigure` would, and change nothing.

        Blocks while models are loaded.

        Raises:
            ConfigError: as :meth:`open`, for what is new or changed.
        """
        _check(self._plan(config))

    def close(self) -> None:
        """End every feed, readers before their sources, and wait for all within one time limit.

        Waits also for cameras that :meth:`reconfigure` has removed. A second call does nothing.
        """
        with self._lock:
            self._closed = True
            feeds = [*reversed(self.feeds.values()), *self._ending]
            self._ending = []
        for feed in feeds:
            feed.end()
        deadline_s = time.monotonic() + CLOSE_LIMIT_S
        for feed in feeds:
            if not feed.close(max(deadline_s - time.monotonic(), 0.0)):
                logger.warning("camera %s: does not end; it is abandoned", feed.name)
        self._clock.close()

    def _plan(self, config: Config) -> _Plan:
        """Make the feeds, services and producers that are new in a configuration, without starting them.

        Raises:
            ConfigError: when a service or a transform cannot be constructed.
        """
        with self._lock:
            before, known_feeds, known_services = self.config, self.feeds, self.services
        changes = changes_between(before, config)
        kept = {name: known_services[name] for name in changes.services.unchanged}
        services = {**make_services(config), **kept}
        feeds = {name: known_feeds.get(name) or self._new_feed(name) for name in in_order(config)}
        tables = config.tables
        context = ProducerContext(
            feeds,
            services,
            tables.cameras,
            tables.transforms,
            tables.producers,
            self._clock,
            lambda: self._picture_limits,
        )
        # For those that are exchanged too: their transforms are checked, and may refuse the attributes.
        needed = {*changes.cameras.added, *changes.replaced, *changes.exchanged}
        producers = {}
        for name, feed in feeds.items():
            if name in needed:
                with constructing(config, "cameras", name):
                    producers[name] = make_producer(config.cameras[name], feed.reports, context)
        return _Plan(before, config, changes, feeds, services, producers)

    def _new_feed(self, name: str) -> Feed:
        return Feed(name, self._clock, self._lock, self._executor)

    def _apply(self, plan: _Plan) -> None:
        with self._lock:
            if self._closed:
                raise RuntimeError("the graph is closed")
            with ExitStack() as undo:
                # First, since a new producer opens its camera at once.
                undo.callback(setattr, self, "_picture_limits", self._picture_limits)
                self._picture_limits = plan.config.server.limits.pictures
                for name, before in _renamed(plan):
                    plan.feeds[name].follow(self.feeds[before])
                # Sources first: the source of a feed is final by then, so that no chain is ever circular.
                for name, feed in plan.feeds.items():
                    if name in plan.changes.cameras.unchanged:
                        continue
                    undone = _restored(feed, plan.before) if name in self.feeds else partial(self._remove, feed)
                    undo.callback(undone)
                    declared = plan.config.cameras[name]
                    if name in plan.changes.exchanged:
                        feed.configure(declared)
                        feed.producer.exchange(declared.attributes)
                    elif name in plan.producers:
                        feed.produce(declared, *plan.producers[name])
                    else:
                        feed.configure(declared)
                    feed.keep_running(self._opened and declared.preload)
                undo.pop_all()
            removed = [feed for name, feed in self.feeds.items() if name not in plan.feeds]
            self.config, self.feeds, self.services = plan.config, plan.feeds, plan.services
            INFERENCE_LIMIT.seconds = plan.config.server.limits.inference_s
            self._ending = [feed for feed in self._ending if not feed.close(0)]
            for feed in reversed(removed):
                self._remove(feed)
            changed = set(plan.changes.cameras.changed)
            for name, feed in plan.feeds.items():  # each after its source
                if name in changed or (feed.source is not None and feed.source.name in changed):
                    changed.add(name)
                    feed.forget_held()
            for name in plan.changes.cameras.changed:
                if plan.config.cameras[name].private and not plan.before.cameras[name].private:
                    plan.feeds[name].end_watches()

    def _remove(self, feed: Feed) -> None:
        feed.keep_running(False)
        feed.end()
        self._ending.append(feed)


@dataclass(frozen=True)
class _Plan:
    """The parts of a graph that a new configuration needs.

    Attributes:
        before: The present configuration.
        config: The new configuration.
        changes: The difference.
        feeds: All feeds in order; cameras that stay keep their feed.
        services: All vision services; unchanged ones are kept.
        producers: A new producer of each camera that is added, replaced or exchanged, and its source feed.
    """

    before: Config
    config: Config
    changes: Changes
    feeds: dict[str, Feed]
    services: dict[str, VisionService[Any]]
    producers: dict[str, tuple[Producer, Feed | None]]


def _renamed(plan: _Plan) -> Iterator[tuple[str, str]]:
    """Yield the cameras that open what a camera that is removed has open, with its name: such as a webcam renamed."""
    old, new = plan.before.cameras, plan.config.cameras
    for name in plan.changes.cameras.added:
        for before in plan.changes.cameras.removed:
            if (new[name].model, new[name].attributes) == (old[before].model, old[before].attributes):
                yield name, before


def _restored(feed: Feed, before: Config) -> Callable[[], None]:
    """Return a function that restores the present declaration and producer of a feed."""
    config, producer, source, kept = before.cameras[feed.name], feed.producer, feed.source, feed.kept

    def restore() -> None:
        if feed.producer is producer:
            if config.attributes != feed.config.attributes:
                producer.exchange(config.attributes)
            feed.configure(config)
        else:
            feed.produce(config, producer, source)
        feed.keep_running(kept)

    return restore


def _empty(config: Config) -> Config:
    """Return an empty configuration with the same tables of kinds."""
    return Config({}, {}, tables=config.tables)


def _check(plan: _Plan) -> None:
    """Check every model, and every use of one, that is new or changed.

    Raises:
        ConfigError: with all problems.
    """
    config = plan.config
    problems = list(_unusable_models(plan))
    lines = {name: transforms_of(producer) for name, (producer, _) in plan.producers.items()}
    for name, transforms in lines.items():
        problems += wrong_kinds(config, name, transforms, plan.services)
        problems += wrong_labels(config, name, transforms, must_exist=True)
    if problems:
        raise ConfigError(sorted(problems, key=lambda problem: (problem.line or 0, problem.column or 0)))


def _warn(plan: _Plan) -> None:
    """Log the labels that services never give, as far as their lists are complete."""
    for name, (producer, _) in plan.producers.items():
        for problem in wrong_labels(plan.config, name, transforms_of(producer), must_exist=False):
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
        except Exception as error:  # of a plugin
            yield config.service_problem(name, f"cannot be used: {bug_message(error)}")
    used = {declared.runtime.name for declared in config.services.values() if declared.runtime is not None}
    for name, model in config.models.items():
        changed = plan.before.models.get(name) != model or files_differ(plan.before, config, files_of_model(model))
        if name not in used and changed:
            try:
                check_model(model, runtimes=config.tables.runtimes)
            except ModelError as error:
                yield config.service_problem(name, str(error))


def transforms_of(producer: Producer) -> tuple[Transform[Attributes], ...]:
    """Return the transforms of a line; an empty tuple for any other producer."""
    return producer.row.transforms if isinstance(producer, Line) else ()


def in_order(config: Config) -> list[str]:
    """Return the names of all cameras, each after its source."""
    ordered: dict[str, None] = {}

    def add(name: str) -> None:
        attributes = config.cameras[name].attributes
        if isinstance(attributes, DownstreamAttributes) and attributes.source not in ordered:
            add(attributes.source)
        ordered[name] = None

    for name in config.cameras:
        add(name)
    return list(ordered)
