"""Which producer makes the frames of a camera, by its ``model``."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any

from vision import VisionService

from ..config import TRANSFORM, CameraConfig, Tables, TransformAttributes, make_camera, make_transforms
from ..feeds import Clock, Feed, Producer, Reports
from .line import Line
from .source import Source
from .step import Row


@dataclass(frozen=True)
class Surroundings:
    """What producers of a graph may need.

    Attributes:
        feeds: Every camera's, by name.
        services: The vision services by name.
        tables: The kinds that the configuration was read with.
        clock: The graph's.
    """

    feeds: Mapping[str, Feed]
    services: Mapping[str, VisionService[Any]]
    tables: Tables
    clock: Clock


MakeProducer = Callable[[CameraConfig, Reports, Surroundings], tuple[Producer, Feed | None]]
"""Gives a producer, not started, and the feed that it takes its frames from, if it takes them from one."""


def make_producer(config: CameraConfig, reports: Reports, around: Surroundings) -> tuple[Producer, Feed | None]:
    """Return the producer for a camera, not started, and the feed that it takes its frames from, if any.

    Args:
        config: The camera's declaration.
        reports: Where the producer reports; those of its feed.
        around: What else it may need.

    Raises:
        KeyError: when the camera that it takes its frames from does not exist.
    """
    return PRODUCERS.get(config.model, _source)(config, reports, around)


def _source(config: CameraConfig, reports: Reports, around: Surroundings) -> tuple[Producer, None]:
    make = partial(make_camera, config, tables=around.tables)
    annotates = around.tables.cameras[config.model].annotates
    return Source(config.name, make, around.clock, reports, annotates=annotates), None


def _line(config: CameraConfig, reports: Reports, around: Surroundings) -> tuple[Producer, Feed]:
    declared = config.attributes
    assert isinstance(declared, TransformAttributes)
    source = around.feeds[declared.source]
    row = Row(make_transforms(declared, around.services, around.tables), declared)
    return Line(config.name, source, row, around.clock, reports), source


PRODUCERS: Mapping[str, MakeProducer] = {TRANSFORM: _line}
"""The models that have a producer of their own; every other one is a camera that is opened and read."""
