"""What the transforms that ask a vision service have in common: the service, on loan while they are open."""

from __future__ import annotations

from collections.abc import Iterator
from typing import ClassVar, TypeVar

from pydantic import Field

from cameras import Attributes
from vision import inferences_here

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


class Asking(Transform[A]):
    """Ask a vision service about frames.

    Attributes:
        service_attribute: Name of the attribute that names the service.
        kind: What the service is asked for: ``classifications``, ``detections``, ``segmentations`` or ``captions``.
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
        self._on_loan = False

    @classmethod
    def needs(cls, attributes: A) -> Iterator[tuple[str, str, str]]:
        """Give the one service it asks."""
        yield cls.service_attribute, getattr(attributes, cls.service_attribute), cls.kind

    @property
    def inferences(self) -> int:
        """How many inferences were run for it, counted from anywhere: before and after a frame tells of that frame."""
        return inferences_here()

    def open(self) -> None:
        """Take the service out on loan: its model is loaded when this returns."""
        if not self._on_loan:
            self.service.open()
            self._on_loan = True

    def close(self) -> None:
        """Give the service back."""
        if self._on_loan:
            self._on_loan = False
            self.service.close()
