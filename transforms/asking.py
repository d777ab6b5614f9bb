"""What the transforms that ask a vision service have in common: the service, and the way they ask it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, TypeVar

from pydantic import Field

from cameras import Attributes, Frame, Prediction
from vision import VisionService

from .askers import Asker, Sync
from .base import Services, Transform


class FilterAttributes(Attributes):
    """What the YAML may say about which results count."""

    confidence_threshold: float = Field(
        default=0.0, ge=0, le=1, allow_inf_nan=False, description="Lowest confidence kept; equal is kept."
    )
    valid_labels: tuple[str, ...] = Field(
        default=(), strict=False, description="Labels kept, in any letter case; empty keeps all."
    )


A = TypeVar("A", bound=Attributes)
P = TypeVar("P", bound=Prediction)


class Asking(Transform[A]):
    """Ask a vision service about frames.

    Attributes:
        service_attribute: Name of the attribute that names the service.
        kind: The plural of what the service is asked for.
        labels_must_exist: Whether a label that the service never gives is an error, and not only worth a warning.
        service: The service.
    """

    service_attribute: ClassVar[str]
    kind: ClassVar[str]
    labels_must_exist: ClassVar[bool] = False

    def __init__(self, attributes: A, services: Services) -> None:
        super().__init__(attributes, services)
        name = getattr(attributes, self.service_attribute)
        if name not in services:
            raise ValueError(f"{self.service_attribute}: there is no vision service {name!r}")
        self.service = services[name]
        self._asker = self.asker(self.service)

    @classmethod
    def needs(cls, attributes: A) -> Iterator[tuple[str, str, str]]:
        """Give the one service it asks."""
        yield cls.service_attribute, getattr(attributes, cls.service_attribute), cls.kind

    @property
    def inferences(self) -> int:
        """How many inferences it has caused so far; they may run between frames too."""
        return self._asker.inferences

    @property
    def mode(self) -> str:
        """The way in which it asks, as the API calls it."""
        return self._asker.mode

    @property
    def result_age_s(self) -> float:
        """How old its newest result is."""
        return self._asker.result_age_s

    def asker(self, service: VisionService[Any]) -> Asker:
        """Return the way in which it asks; unless a subclass has another one, about each frame, which waits."""
        return Sync(service)

    def ask(self, kind: type[P], frame: Frame) -> tuple[P, ...]:
        """Return what the service sees of a kind, for a frame.

        Raises:
            ModelError: when it fails, or is not open.
        """
        return self._asker.ask(kind, frame)

    def open(self) -> None:
        """Open a session of the service: its model is loaded when this returns."""
        self._asker.open()

    def close(self) -> None:
        """Close the session."""
        self._asker.close()
