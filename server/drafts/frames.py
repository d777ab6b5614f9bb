"""The camera in the process of a draft that stands for a served one: it gives the frames that the server sends."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from pydantic import Field

from cameras import Attributes, Camera, CameraError, Frame, Slot, SlotClosed, Wakeup

TAKEN_WITHIN_S = 1.0
"""How long a frame waits to be taken. Later it is answered nevertheless: nobody may want it any more."""


class Inbox:
    """The newest frame that the server has sent, between the thread that receives it and the camera."""

    def __init__(self) -> None:
        self.frame_rate: float | None = None
        self._slot: Slot[Frame] | None = None
        self._served = ""
        self._taken = Wakeup()

    def connect(self, served: str) -> Slot[Frame]:
        """Return a new slot, into which the frames of a served camera go from now on."""
        slot: Slot[Frame] = Slot()
        self._slot, self._served = slot, served
        return slot

    def deliver(self, served: str, frame: Frame, frame_rate: float | None) -> None:
        """Put a frame of a served camera into the slot and wait until it is taken; drop it if nobody wants it."""
        if served != self._served:
            return
        self.frame_rate = frame_rate
        slot = self._slot
        if slot is not None and not slot.closed:
            slot.put(frame)
            self._taken.wait(TAKEN_WITHIN_S)

    def taken(self) -> None:
        """Note that a frame was taken."""
        self._taken.set()


class FramesAttributes(Attributes):
    """Attributes of the camera."""

    served: str = Field(description="The served camera.")


class _Frames(Camera[FramesAttributes]):
    """Gives the frames of an inbox."""

    attributes_type: ClassVar[type[Attributes]] = FramesAttributes
    inbox: ClassVar[Inbox]

    def open(self) -> None:
        self._slot = self.inbox.connect(self.attributes.served)

    def read(self) -> Frame:
        try:
            frame = self._slot.get()
        except SlotClosed:
            raise CameraError("closed") from None
        self.inbox.taken()
        return frame

    def close(self) -> None:
        if hasattr(self, "_slot"):
            self._slot.close()

    @property
    def frame_rate(self) -> float | None:
        return self.inbox.frame_rate


def model_of(*, live: bool, annotates: bool) -> str:
    """Return the model of the camera that stands for a served one.

    Args:
        live: Whether the frames of that one are captured as they come, not taken from a file.
        annotates: Whether they come with annotations.
    """
    return f"frames of a {'live' if live else 'recorded'} camera{' with annotations' if annotates else ''}"


def frames_kinds(inbox: Inbox) -> Mapping[str, type[Camera[Any]]]:
    """Return the kinds of cameras that give the frames of an inbox, by model."""
    kinds: dict[str, type[Camera[Any]]] = {}
    for live in (True, False):
        for annotates in (True, False):
            name = model_of(live=live, annotates=annotates)
            members = {"model_name": name, "live": live, "annotates": annotates, "inbox": inbox}
            kinds[name] = type("Frames", (_Frames,), members)
    return kinds
