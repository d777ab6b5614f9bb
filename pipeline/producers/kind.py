"""The base class of producers that a camera declares by its ``model``."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, ClassVar

from cameras import Attributes, Camera, PictureLimits
from transforms import Transform
from vision import VisionService

from ..camera_config import CameraConfig
from ..execution import Clock
from ..feeds import Feed, Producer, Reports


@dataclass(frozen=True)
class ProducerContext:
    """The parts of a graph that a producer may need.

    Nothing here carries frames from outside the graph to a producer: code on the right, such as a session that receives
    video, finds the producer at ``graph.feeds[name].producer`` (:class:`DeclaredProducer`).

    Attributes:
        feeds: The feeds of all cameras by name.
        services: The vision services by name. When one is replaced, only cameras whose transforms use it are made anew
            (``changes.py``).
        cameras: The kinds of cameras by ``model``.
        transforms: The kinds of transforms by ``type``.
        producers: The kinds of producers by ``model``; all other models are cameras.
        clock: The clock of the graph.
        picture_limits: Returns the present limits of each picture of a camera.
    """

    feeds: Mapping[str, Feed]
    services: Mapping[str, VisionService[Any]]
    cameras: Mapping[str, type[Camera[Any]]]
    transforms: Mapping[str, type[Transform[Any]]]
    producers: Mapping[str, type[DeclaredProducer]]
    clock: Clock
    picture_limits: Callable[[], PictureLimits] = PictureLimits


class DeclaredProducer(Producer):
    """A producer with a ``model`` of its own in the configuration; its row in ``PRODUCERS`` declares it.

    A kind that takes frames from another camera has attributes derived from :class:`DownstreamAttributes`; then its
    feed has that camera's feed as its source. All other kinds make their frames themselves, or get them from outside
    the graph. Whoever delivers those asks the feed for its producer each time, since a new configuration may replace
    it, and calls a method of the kind's own, from any thread. The producer keeps the times of frames increasing when
    they come from another sender (:class:`Timeline`, as in :class:`Source`)::

        class PublishedAttributes(Attributes):
            max_width_px: int = Field(1920, description="Larger pictures are refused.")

        class Published(DeclaredProducer):
            model_name = "published"
            attributes_type = PublishedAttributes

            def take(self, frame):
                output = self._output  # of the newest run; None before the first
                return output is not None and output.publish(frame)

        producer = graph.feeds["phone"].producer  # take() returns False while nobody watches
        if isinstance(producer, Published):
            producer.take(frame)

    Attributes:
        model_name: Name of this kind under ``model:``.
        attributes_type: Its attributes in the YAML.
    """

    model_name: ClassVar[str]
    attributes_type: ClassVar[type[Attributes]]

    @classmethod
    def exchanges(cls, before: Any, after: Any, transforms: Mapping[str, type[Transform[Any]]]) -> bool:
        """Return whether :meth:`exchange` can replace attributes by others; otherwise a new producer is made.

        Args:
            before: The present attributes, of :attr:`attributes_type`.
            after: The attributes to take.
            transforms: The kinds of transforms by ``type``.
        """
        return False

    @classmethod
    @abstractmethod
    def make(cls, config: CameraConfig, reports: Reports, context: ProducerContext) -> DeclaredProducer:
        """Return the producer of a camera, not started.

        Args:
            config: The declaration of the camera; its attributes are of :attr:`attributes_type`.
            reports: The reports of its feed.
            context: The other parts of the graph; its feeds include the source.
        """
