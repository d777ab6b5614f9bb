"""What the transforms that recognise something have in common: what a vision service says is attached to the frame."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Literal, TypeVar

from pydantic import Field

from cameras import Annotation, Attributes, Frame

from .asking import Asking, FilterAttributes


class TimingAttributes(Attributes):
    """What the YAML may say about when a model is asked."""

    mode: Literal["auto", "sync"] = Field(
        default="auto",
        description="When the model is asked. sync: about this very frame, which waits. auto: what fits the source.",
    )
    max_age_s: float = Field(
        default=1.0, gt=0, allow_inf_nan=False, description="Oldest result a frame may carry, where it does not wait."
    )


class RecogniseAttributes(TimingAttributes, FilterAttributes):
    """What the YAML may say under every transform that attaches things with labels."""


R = TypeVar("R", bound=TimingAttributes)


class Recognise(Asking[R]):
    """Ask a vision service about each frame and attach what it says.

    Frames: pixels, size and time unchanged; annotations added after those that came with the frame.
    """

    annotates = True

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with what is recognised in it."""
        return frame.with_annotations(self._results(frame))

    @abstractmethod
    def look(self, frame: Frame) -> Sequence[Annotation]:
        """Return what the service sees in this frame, filtered as the attributes say."""

    def _results(self, frame: Frame) -> list[Annotation]:
        """Return what to attach to a frame. The one place that decides which frame the model looks at: this one."""
        return [found.attached_by(self.type_name, self.service.name) for found in self.look(frame)]
