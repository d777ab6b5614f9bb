"""A plugin whose kinds hang for ever in calls of the C library, as drivers and model libraries do."""

import ctypes
from collections.abc import Mapping
from pathlib import Path
from typing import Any, ClassVar, NoReturn

from pydantic import model_serializer

from cameras import Attributes, Camera, Classification, Frame, Prediction
from transforms import Transform
from vision import Predictor, Session, VisionService

_LIBRARY = ctypes.CDLL(None)


def hang() -> NoReturn:
    """Hang, without the interpreter's lock, and leave the file ``hangs`` in the current folder."""
    Path("hangs").touch()
    while True:
        _LIBRARY.pause()  # until a signal


class NoAttributes(Attributes):
    """No attributes."""


class HungDriver(Camera[NoAttributes]):
    """Hangs in its first read, and when it is closed."""

    model_name: ClassVar[str] = "hung_driver"
    attributes_type = NoAttributes

    def open(self) -> None:
        """Do nothing."""

    def read(self) -> Frame:
        """Hang."""
        hang()

    def close(self) -> None:
        """Hang."""
        hang()


class HungTransform(Transform[NoAttributes]):
    """Hangs on each frame."""

    type_name: ClassVar[str] = "hung_transform"
    attributes_type = NoAttributes

    def apply(self, frame: Frame) -> Frame:
        """Hang."""
        hang()


class HungWords(Attributes):
    """Attributes that hang where the API shows them: in the event loop."""

    @model_serializer
    def _hung(self) -> dict[str, Any]:
        hang()


class HungLoop(Transform[HungWords]):
    """Does nothing, but nobody can ask for its attributes."""

    type_name: ClassVar[str] = "hung_loop"
    attributes_type = HungWords

    def apply(self, frame: Frame) -> Frame:
        """Return the frame."""
        return frame


class HungStart(VisionService[NoAttributes]):
    """Hangs when it is loaded."""

    model_name: ClassVar[str] = "hung_start"
    attributes_type = NoAttributes

    def _load(self) -> None:
        hang()

    def _release(self) -> None:
        pass

    def _predictors(self) -> Mapping[type[Prediction], Predictor]:
        return {Classification: self._classify}

    def _classify(self, frame: Frame, session: Session) -> tuple[Classification, ...]:
        return ()


class HungModel(HungStart):
    """Hangs on each picture but black ones."""

    model_name: ClassVar[str] = "hung_model"

    def _load(self) -> None:
        self.labels = ("dark",)

    def _classify(self, frame: Frame, session: Session) -> tuple[Classification, ...]:
        with session.inference():
            if frame.image.any():
                hang()
            return (Classification("dark", 1.0),)
