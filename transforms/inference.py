"""The base class of the transforms that use a vision service."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, ClassVar, TypeVar

from pydantic import Field

from cameras import Attributes, Frame, Prediction
from vision import Predictor, VisionService

from .base import Services, Transform
from .modes import InferenceMode, SyncInference


class FilterAttributes(Attributes):
    """Attributes that choose which predictions are kept."""

    confidence_threshold: float = Field(
        default=0.0, ge=0, le=1, allow_inf_nan=False, description="Lowest confidence kept; equal is kept."
    )
    valid_labels: tuple[str, ...] = Field(
        default=(), strict=False, description="Labels kept, in any letter case; empty keeps all."
    )


A = TypeVar("A", bound=Attributes)
P = TypeVar("P", bound=Prediction)


class InferenceTransform(Transform[A]):
    """Run a vision service on frames.

    A subclass names the attribute that holds the service's name and the kind of prediction it needs::

        class CountThings(InferenceTransform[CountAttributes]):
            type_name = "count_things"
            attributes_type = CountAttributes
            service_attribute = "detector_name"
            kind = Detection.plural

            def apply(self, frame):
                logger.info("%d things", len(self.predict(Detection, frame)))
                return frame

    Attributes:
        service_attribute: Name of the attribute that names the service.
        kind: Plural name of the kind of prediction it needs.
        labels_must_exist: Whether a label that the service never gives is an error; otherwise it is a warning.
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
        self._use(self.inference_mode(self.service))

    @classmethod
    def needs(cls, attributes: A) -> Iterator[tuple[str, str, str]]:
        """Yield the one service it uses."""
        yield cls.service_attribute, getattr(attributes, cls.service_attribute), cls.kind

    @property
    def inferences(self) -> int:
        """Number of inferences caused so far, including those between frames."""
        return self._inference.inferences

    @property
    def mode(self) -> str:
        """The name of its inference mode in the API."""
        return self._inference.mode

    @property
    def result_age_s(self) -> float | None:
        """Age of the result of the newest frame; ``None`` while a frame has none."""
        return self._inference.result_age_s

    @property
    def live(self) -> bool:
        """Whether the frames come from a live source, not from a file. The line sets it, also between frames."""
        return self._inference.live

    @live.setter
    def live(self, live: bool) -> None:
        self._inference.live = live

    @property
    def delay_s(self) -> float:
        """How long the line keeps a frame before its predictions are wanted."""
        return self._inference.delay_s

    def announce(self, frame: Frame) -> None:
        """Let the inference mode take note of a frame that ``apply`` gets later."""
        kinds = (kind for kind in self.service.known_predictions if kind.plural == self.kind)
        self._inference.announce(next(kinds), frame)

    def inference_mode(self, service: VisionService[Any]) -> InferenceMode:
        """Return the inference mode of live frames; by default each is inferred and waits for its result."""
        return SyncInference(service)

    def predictor(self) -> Predictor | None:
        """Return what predicts of a frame, on any thread, in place of the service; by default ``None``: the service."""
        return None

    def predict(self, kind: type[P], frame: Frame) -> tuple[P, ...]:
        """Return the predictions of a kind for a frame.

        Raises:
            ModelError: when the service fails or is not open.
        """
        return self._inference.predict(kind, frame)

    def wait_for_results(self) -> None:
        """Infer each frame and wait for its result, instead of the mode of :meth:`inference_mode`."""
        self._use(SyncInference(self.service))

    def open(self) -> None:
        """Open a session of the service: its model is loaded when this returns."""
        self._inference.open()

    def close(self) -> None:
        """Close the session."""
        self._inference.close()

    def _use(self, mode: InferenceMode) -> None:
        mode.predictor = self.predictor()
        self._inference = mode
