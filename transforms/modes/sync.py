"""The mode in which a frame waits for its own result."""

from __future__ import annotations

from typing import Any, Self, TypeVar

from cameras import Frame, Prediction
from vision import VisionService

from .base import InferenceAttributes, InferenceMode

P = TypeVar("P", bound=Prediction)


class SyncInference(InferenceMode):
    """Infers each frame; the frame waits for the result."""

    mode = "sync"

    @classmethod
    def of(cls, service: VisionService[Any], attributes: InferenceAttributes) -> Self:
        """Return the mode for a transform with these attributes."""
        return cls(service)

    def predict(self, kind: type[P], frame: Frame) -> tuple[P, ...]:
        """Return the predictions for this frame."""
        return self._predicted(self._opened(), kind, frame)
