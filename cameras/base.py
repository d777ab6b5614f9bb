"""What every camera is: something that opens, gives frames, and closes.

Everything that can go wrong in this room:

* CameraError      the camera cannot be reached, broke, or was closed while being read  -> wait, try again
* CameraEnded      the regular end of a stream that has one                             -> state ``ended``
* ImageError       bytes that are no picture we can decode                              -> that picture fails
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

from .attributes import Attributes
from .picture import Frame
from .urls import redact_url

A = TypeVar("A", bound=Attributes)


class CameraError(Exception):
    """A camera cannot be reached or broke; the message says how, and shows of a URL what :func:`redact_url` leaves."""

    def __init__(self, message: str) -> None:
        super().__init__(redact_url(message))


class CameraEnded(Exception):
    """The stream has come to its regular end."""


class Camera(ABC, Generic[A]):
    """A source of frames, declared under ``cameras:``.

    The constructor keeps values and touches nothing; ``open`` connects; ``read`` gives the next frame or raises;
    ``close`` lets go. A camera never retries and never logs a failure: it raises, and its supervisor does both.

    Times: within one ``open`` the pts of the frames start at 0 and never go back. ``sequence`` is left at 0: the
    supervisor numbers the frames. A frame that the source gives no time for is dropped and counted.

    Attributes:
        model_name: The word for this kind under ``model:``.
        attributes_type: The attributes it takes in the YAML.
        annotates: Whether its frames come with annotations, as those of another machine that has recognised things.
        silence_s: How long it may say nothing until it counts as hanging; ``None`` where it has deadlines of its own,
            or may rest.
    """

    model_name: ClassVar[str]
    attributes_type: ClassVar[type[Attributes]]
    annotates: ClassVar[bool] = False
    silence_s: ClassVar[float | None] = None

    def __init__(self, name: str, attributes: A, *, paced: bool = True) -> None:
        """Keep the settings.

        Args:
            name: The camera's name in the configuration.
            attributes: Its settings.
            paced: Give frames in real time; ``False`` as fast as they can be read, each of them. A camera that is
                live by nature is always paced by the world.
        """
        self.name = name
        self.attributes = attributes
        self.paced = paced

    @classmethod
    def gives_lens(cls, attributes: A) -> bool:
        """Return whether its frames come with intrinsic parameters, with these attributes."""
        return False

    @property
    def frame_rate(self) -> float | None:
        """Frames per second as the source declares them; ``None`` before it is open, or where it says nothing."""
        return None

    @property
    def dropped(self) -> int:
        """How much the source has sent since ``open`` that became no frame: damaged, unreadable, or without a time."""
        return 0

    @abstractmethod
    def open(self) -> None:
        """Connect.

        Raises:
            CameraError: when it cannot be reached; nothing is left open then.
        """

    @abstractmethod
    def read(self) -> Frame:
        """Wait for the next frame and return it.

        Raises:
            CameraError: when the camera broke, or was closed while waiting.
            CameraEnded: at the stream's regular end.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of everything.

        Harmless when called twice, before ``open``, or from another thread while ``read`` waits.
        """
