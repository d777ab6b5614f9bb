"""The table of producers, by the ``model`` of a camera."""

from __future__ import annotations

from collections.abc import Mapping

from cameras import Attributes, Camera

from ..camera_config import CameraConfig, DownstreamAttributes
from ..feeds import Feed, Producer, Reports
from .kind import DeclaredProducer, ProducerContext
from .line import Line
from .source import Source

PRODUCERS: Mapping[str, type[DeclaredProducer]] = {kind.model_name: kind for kind in (Line,)}
"""The models with a producer of their own; all others are cameras, which a :class:`Source` reads."""


def make_producer(config: CameraConfig, reports: Reports, context: ProducerContext) -> tuple[Producer, Feed | None]:
    """Return the producer of a camera, not started, and its source feed, if it has one.

    Args:
        config: The declaration of the camera.
        reports: The reports of its feed.
        context: The other parts of the graph.

    Raises:
        KeyError: when its source does not exist.
    """
    kind = context.producers.get(config.model)
    if kind is None:
        # Not the context: a source outlives the vision services of its time.
        camera, limits = context.cameras[config.model], context.picture_limits

        def make() -> Camera[Attributes]:
            made: Camera[Attributes] = camera(config.name, config.attributes)
            made.limits = limits()
            return made

        kind_of = {"annotates": camera.annotates, "live": camera.live, "may_pass": camera.may_pass}
        return Source(config.name, make, context.clock, reports, **kind_of), None
    attributes = config.attributes
    source = context.feeds[attributes.source] if isinstance(attributes, DownstreamAttributes) else None
    return kind.make(config, reports, context), source
