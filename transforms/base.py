"""The base class of transforms: attributes from the YAML, and one method that takes a frame and returns a frame."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Generic, TypeVar

from cameras import Attributes, Frame, Prediction
from vision import VisionService

A = TypeVar("A", bound=Attributes)

Services = Mapping[str, VisionService[Any]]
"""The vision services of the configuration, by name."""


class NoAttributes(Attributes):
    """Attributes of a transform that has none."""


class Transform(ABC, Generic[A]):
    """One stage of a pipeline: a frame in, a frame out.

    One line owns a transform and calls ``apply`` on its own thread, one frame at a time. The input frame may be shared
    and must not be changed. The output frame keeps its ``pts``, ``time_base``, ``captured_at`` and ``sequence``;
    ``frame.with_...`` and ``frame.moved`` take care of that::

        class Invert(Transform[NoAttributes]):
            type_name = "invert"
            attributes_type = NoAttributes

            def apply(self, frame):
                return frame.with_pixels(Pixels.from_bgr(read_only(255 - frame.image)))

    Attributes:
        type_name: The ``type`` in the YAML.
        attributes_type: The type of its attributes in the YAML.
        annotates: Whether it may add annotations. Read it on the instance: it may depend on the attributes.
        needs_depth: Whether it works only on frames with depth.
        needs_lens: Which of ``intrinsic_parameters`` and ``distortion_parameters`` it needs, in its attributes or with
            the frames.
        hides: Whether it hides parts of the picture: without it, nothing of the picture may be shown.
        predictions: Kinds of predictions of its own that it attaches, which camweave does not have.
        exchangeable: Names of the attributes that :meth:`exchange` may replace while it runs; a change of another one
            makes a new transform. Each class names its own: a subclass may keep what it has made of them.
        failure: What went wrong with the last frame although a frame was returned; ``None`` without an error.
    """

    type_name: ClassVar[str]
    attributes_type: ClassVar[type[Attributes]]
    predictions: ClassVar[tuple[type[Prediction], ...]] = ()
    exchangeable: ClassVar[tuple[str, ...]] = ()
    needs_depth: ClassVar[bool] = False
    hides: ClassVar[bool] = False
    needs_lens: ClassVar[tuple[str, ...]] = ()
    annotates: bool = False
    failure: str | None = None

    def __init__(self, attributes: A, services: Services) -> None:
        self.attributes = attributes

    @property
    def delay_s(self) -> float:
        """How long the line keeps a frame between :meth:`announce` and :meth:`apply`; 0: it does neither."""
        return 0.0

    @classmethod
    def needs(cls, attributes: A) -> Iterator[tuple[str, str, str]]:
        """Yield the vision services it uses, as (attribute with the name, name of the service, kind of prediction)."""
        return iter(())

    @classmethod
    def exchanges(cls, before: A, after: A) -> bool:
        """Return whether :meth:`exchange` can replace attributes by others: they differ only in ``exchangeable``."""
        names = vars(cls).get("exchangeable", ())
        return all(
            name in names or getattr(before, name) == getattr(after, name) for name in cls.attributes_type.model_fields
        )

    def exchange(self, attributes: A) -> None:
        """Replace the attributes while it runs; state, such as tracks, stays.

        The line calls it between two frames. A transform that derives anything from its attributes derives it again.

        Args:
            attributes: Differ from the present ones only in what ``exchangeable`` names.
        """
        self.attributes = attributes

    def wait_for_results(self) -> None:
        """Let each frame wait for its own results, whatever the attributes say; nothing by default.

        Called at most once, before ``open``, for the frames of a file: they arrive as fast as they are transformed, so
        none is late, and each must be complete. Without the call, frames are live, and a transform may limit their
        wait.
        """

    def open(self) -> None:
        """Acquire what ``apply`` needs; nothing by default.

        Raises:
            ModelError: when a model cannot be loaded.
        """

    def announce(self, frame: Frame) -> None:
        """Take note of a frame that ``apply`` gets ``delay_s`` later; nothing by default.

        Raises:
            ValueError: when this frame cannot be transformed.
        """

    @abstractmethod
    def apply(self, frame: Frame) -> Frame:
        """Return the transformed frame.

        Raises:
            ValueError: when this frame cannot be transformed. The line counts it and continues with the next frame.
        """

    def close(self) -> None:
        """Release what ``open`` acquired. May be called twice, and without ``open``."""


def read_only(array: Any) -> Any:
    """Make a new array read-only and return it; all arrays that leave a transform must be read-only."""
    array.flags.writeable = False
    return array
