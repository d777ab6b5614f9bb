"""What the transforms that recognise something have in common: a vision service on loan, and when it is asked."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from typing import ClassVar, Literal, TypeVar

from pydantic import Field

from cameras import Annotation, Attributes, Frame

from .base import Services, Transform


class RecogniseAttributes(Attributes):
    """What the YAML may say under every transform that asks a vision service."""

    confidence_threshold: float = Field(
        default=0.0, ge=0, le=1, allow_inf_nan=False, description="Lowest confidence kept; equal is kept."
    )
    valid_labels: tuple[str, ...] = Field(
        default=(), strict=False, description="Labels kept, in any letter case; empty keeps all."
    )
    mode: Literal["auto", "sync"] = Field(
        default="auto",
        description="When the model is asked. sync: about this very frame, which waits. auto: what fits the source.",
    )
    max_age_s: float = Field(
        default=1.0, gt=0, allow_inf_nan=False, description="Oldest result a frame may carry, where it does not wait."
    )


R = TypeVar("R", bound=RecogniseAttributes)


class Recognise(Transform[R]):
    """Ask a vision service about each frame and attach what it says.

    Frames: pixels, size and time unchanged; annotations added after those that came with the frame.

    Attributes:
        service_attribute: Name of the attribute that names the service.
        kind: What the service is asked for: ``classifications`` or ``detections``.
    """

    annotates = True
    service_attribute: ClassVar[str]
    kind: ClassVar[str]

    def __init__(self, attributes: R, services: Services) -> None:
        super().__init__(attributes, services)
        name = getattr(attributes, self.service_attribute)
        if name not in services:
            raise ValueError(f"{self.service_attribute}: there is no vision service {name!r}")
        self.service = services[name]
        self._on_loan = False

    @classmethod
    def needs(cls, attributes: R) -> Iterator[tuple[str, str, str]]:
        """Give the one service it asks."""
        yield cls.service_attribute, getattr(attributes, cls.service_attribute), cls.kind

    def open(self) -> None:
        """Take the service out on loan: its model is loaded when this returns."""
        if not self._on_loan:
            self.service.open()
            self._on_loan = True

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with what is recognised in it."""
        return frame.with_annotations(self._results(frame))

    def close(self) -> None:
        """Give the service back."""
        if self._on_loan:
            self._on_loan = False
            self.service.close()

    @abstractmethod
    def look(self, frame: Frame) -> Sequence[Annotation]:
        """Return what the service sees in this frame, filtered as the attributes say."""

    def _results(self, frame: Frame) -> list[Annotation]:
        """Return what to attach to a frame. The one place that decides which frame the model looks at: this one."""
        return [found.attached_by(self.type_name, self.service.name) for found in self.look(frame)]
