"""What the transforms that recognise something have in common: what a vision service says is attached to the frame."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from typing import Any, TypeVar

from cameras import Annotation, Frame
from vision import VisionService

from .askers import MODES, Asker, TimingAttributes
from .asking import Asking, FilterAttributes


class RecogniseAttributes(TimingAttributes, FilterAttributes):
    """What the YAML may say under every transform that attaches things with labels."""


R = TypeVar("R", bound=TimingAttributes)


class Recognise(Asking[R]):
    """Ask a vision service about each frame and attach what it says.

    Frames: pixels, size and time unchanged; annotations added after those that came with the frame.
    """

    annotates = True

    def asker(self, service: VisionService[Any]) -> Asker:
        """Return the way to ask that ``mode`` names."""
        return MODES[self.attributes.mode](service, self.attributes)

    def apply(self, frame: Frame) -> Frame:
        """Return the frame with what is recognised in it."""
        return frame.with_annotations(
            found.attached_by(self.type_name, self.service.name) for found in self.look(frame)
        )

    @abstractmethod
    def look(self, frame: Frame) -> Sequence[Annotation]:
        """Return what the service sees for this frame, filtered as the attributes say."""
