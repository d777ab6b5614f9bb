"""What every transform is: settings from the YAML, and one method that takes a frame and gives a frame."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from cameras import Attributes, Frame
from vision import VisionService

A = TypeVar("A", bound=Attributes)

Services = Mapping[str, VisionService[Any]]
"""The vision services of the configuration, by name."""


class NoAttributes(Attributes):
    """Attributes of a transform without settings."""


class Transform(ABC, Generic[A]):
    """One stage of a line: a frame in, a frame out.

    One line owns a transform and calls ``apply`` on its own thread, one frame at a time. What comes in may be shared
    with others and is never changed; what goes out has the ``pts``, ``time_base``, ``captured_at`` and ``sequence``
    of what came in (``frame.with_...`` and ``frame.moved`` see to that).

    Attributes:
        type_name: The ``type`` in the YAML.
        attributes_type: The attributes it takes in the YAML.
        annotates: Whether frames may leave with more annotations than they came with. Read it on the instance: it may
            depend on the attributes.
        needs_depth: Whether it works only on frames that come with depth.
        needs_lens: Which of ``intrinsic_parameters`` and ``distortion_parameters`` it needs, of its own or with the
            frames.
        trouble: What went wrong with the last frame, where it gave a frame all the same; ``None`` while all is well.
    """

    type_name: ClassVar[str]
    attributes_type: ClassVar[type[Attributes]]
    needs_depth: ClassVar[bool] = False
    needs_lens: ClassVar[tuple[str, ...]] = ()
    annotates: bool = False
    trouble: str | None = None

    def __init__(self, attributes: A, services: Services) -> None:
        self.attributes = attributes

    @classmethod
    def needs(cls, attributes: A) -> Iterator[tuple[str, str, str]]:
        """Give the vision services it will use, as (attribute that names it, name of the service, kind of result)."""
        return iter(())

    def open(self) -> None:
        """Take hold of what ``apply`` needs; nothing by default.

        Raises:
            ModelError: when a model cannot be loaded.
        """

    @abstractmethod
    def apply(self, frame: Frame) -> Frame:
        """Return the transformed frame.

        Raises:
            ValueError: when this frame cannot be transformed. The line counts it and goes on with the next.
        """

    def close(self) -> None:
        """Let go of what ``open`` took. May be called twice, and without ``open``."""


def read_only(array: Any) -> Any:
    """Return an array that was just made, as one that nobody changes any more: what goes out of a transform is."""
    array.flags.writeable = False
    return array
