"""The table of producers, by the ``model`` of a camera."""

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
class ProducerContext:
    """The parts of a graph that a producer may need.

    Attributes:
        feeds: The feeds of all cameras by name.
        services: The vision services by name.
        tables: The tables of kinds that the configuration was read with.
        clock: The clock of the graph.
    """

    feeds: Mapping[str, Feed]
    services: Mapping[str, VisionService[Any]]
    tables: Tables
    clock: Clock


MakeProducer = Callable[[CameraConfig, Reports, ProducerContext], tuple[Producer, Feed | None]]
"""Makes a producer, not started; returns it with its source feed, if it has one."""


def make_producer(config: CameraConfig, reports: Reports, context: ProducerContext) -> tuple[Producer, Feed | None]:
    """Return the producer of a camera, not started, and its source feed, if it has one.

    Args:
        config: The declaration of the camera.
        reports: The reports of its feed.
        context: The other parts of the graph.

    Raises:
        KeyError: when its source does not exist.
    """
    return PRODUCERS.get(config.model, _source)(config, reports, context)


def _source(config: CameraConfig, reports: Reports, context: ProducerContext) -> tuple[Producer, None]:
    make = partial(make_camera, config, tables=context.tables)
    annotates = context.tables.cameras[config.model].annotates
    return Source(config.name, make, context.clock, reports, annotates=annotates), None


def _line(config: CameraConfig, reports: Reports, context: ProducerContext) -> tuple[Producer, Feed]:
    declared = config.attributes
    assert isinstance(declared, TransformAttributes)
    source = context.feeds[declared.source]
    row = Row(make_transforms(declared, context.services, context.tables), declared)
    return Line(config.name, source, row, context.clock, reports), source


PRODUCERS: Mapping[str, MakeProducer] = {TRANSFORM: _line}
"""The models with a producer of their own; all others are cameras, which a :class:`Source` reads."""
