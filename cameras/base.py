"""The base class of every camera, and the errors of cameras.

* CameraError            the camera failed, or was closed during a read  -> retry after a pause that grows
  * CameraUnreachable    nothing answers at its address                  -> retry soon
  * CameraAccessDenied   it does not accept user and password            -> retry rarely, as cameras lock accounts
* CameraEnded            the regular end of a finite stream              -> state ``ended``
  * CameraCutShort       its end, but before the declared one            -> state ``ended``, with the error
* ImageError             bytes that cannot be decoded to a picture       -> that picture fails
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import ClassVar, Generic, TypeVar

from .attributes import Attributes
from .coded import CodedPicture
from .network import safe_text
from .picture import Frame, PictureLimits

A = TypeVar("A", bound=Attributes)


class CameraError(Exception):
    """A camera is unreachable or failed; the message passes through :func:`safe_text`, which hides URLs' secrets.

    Attributes:
        lasting: Whether every further try will fail too, until somebody changes a file, the settings or the camera.
    """

    def __init__(self, message: str, *, lasting: bool = False) -> None:
        super().__init__(safe_text(message))
        self.lasting = lasting


class CameraUnreachable(CameraError):
    """Nothing answers at the address of the camera; it may be back at any moment."""


class CameraAccessDenied(CameraError):
    """The camera does not accept user and password, and may lock the account after a few attempts."""


class CameraEnded(Exception):
    """The stream has ended regularly."""


class CameraCutShort(CameraEnded):
    """The stream has ended before its declared end, and every further try would end there too.

    The message says where, and passes through :func:`safe_text`.
    """

    def __init__(self, message: str) -> None:
        super().__init__(safe_text(message))


class Camera(ABC, Generic[A]):
    """A source of frames, declared under ``cameras:``.

    The constructor only stores values; ``open`` connects; ``read`` returns the next frame or raises; ``close``
    disconnects. A camera neither retries nor logs a failure: it raises, and its supervisor does both::

        class Noise(Camera[NoiseAttributes]):
            model_name: ClassVar[str] = "noise"
            attributes_type: ClassVar[type[Attributes]] = NoiseAttributes

            def open(self) -> None:
                self._random, self._count = np.random.default_rng(self.attributes.seed), 0

            def read(self) -> Frame:
                pts, self._count = self._count, self._count + 1
                image = self._random.integers(0, 256, (480, 640, 3), np.uint8)
                return Frame(Pixels.from_bgr(image), pts, Fraction(1, 30), time.time())

            def close(self) -> None:
                pass

    Timestamps: after each ``open``, the pts of the frames start at 0 and never decrease. Leave ``sequence`` at 0; the
    supervisor numbers the frames.

    Attributes:
        model_name: Name of this kind under ``model:``.
        attributes_type: Its attributes in the YAML.
        limits: Limits of each picture; refuse a larger one before it is decoded. The graph sets them from the
            configuration.
        annotates: Whether its frames come with annotations, such as those of a remote machine.
        live: Whether its frames are captured while it is read, not taken from a file.
        decoding_share: The share of its pictures for which there is time, above 0, at most 1. Its supervisor sets it
            between two frames; a camera that can may leave out the other pictures before it decodes them.
        may_pass: Whether :meth:`read_picture` may return coded pictures, which viewers may get undecoded.
        decodes: Whether frames are wanted of coded pictures too. Its supervisor sets it between two pictures.
        silence_s: Time without a frame after which the camera counts as stalled; ``None`` if it has its own deadlines,
            or may pause.
    """

    model_name: ClassVar[str]
    attributes_type: ClassVar[type[Attributes]]
    annotates: ClassVar[bool] = False
    live: ClassVar[bool] = True
    may_pass: ClassVar[bool] = False
    silence_s: ClassVar[float | None] = None
    limits: PictureLimits = PictureLimits()

    def __init__(self, name: str, attributes: A, *, paced: bool = True) -> None:
        """Store the settings.

        Args:
            name: Name of the camera in the configuration.
            attributes: Its attributes, as declared.
            paced: Return frames in real time; ``False`` returns every frame as fast as possible. Live cameras ignore
                it.
        """
        self.name = name
        self.attributes = attributes
        self.paced = paced
        self.decoding_share = 1.0
        self.decodes = True

    @classmethod
    def provides_intrinsics(cls, attributes: A) -> bool:
        """Return whether a camera with these attributes provides intrinsic parameters."""
        return False

    @property
    def frame_rate(self) -> float | None:
        """Declared frames per second; ``None`` before ``open``, or if the source declares none."""
        return None

    @property
    def dropped(self) -> int:
        """Number of pictures since ``open`` that were damaged or undecodable."""
        return 0

    @property
    def left_out(self) -> int:
        """Number of pictures since ``open`` that were left out undecoded (:attr:`decoding_share`)."""
        return 0

    @property
    def clock_fault(self) -> str | None:
        """What is wrong with the clock of the camera since ``open``, so that its times are not used."""
        return None

    def require_reachable(self) -> None:
        """Check whether the closed camera answers, so that opening it makes sense.

        It is called between attempts after a camera was lost or unreachable; it should take no more than a second, and
        cost less than ``open``.

        Raises:
            CameraUnreachable: The camera does not answer.
        """

    @abstractmethod
    def open(self) -> None:
        """Connect.

        Raises:
            CameraError: when the camera cannot be opened; nothing stays open then.
        """

    @abstractmethod
    def read(self) -> Frame:
        """Wait for the next frame and return it.

        Raises:
            CameraError: when the camera failed, or was closed during the wait.
            CameraEnded: at the regular end of the stream.
        """

    def read_picture(self) -> Frame | CodedPicture:
        """Wait for the next picture and return it; its supervisor calls this, and :meth:`read` is the default.

        A camera that :attr:`may_pass` returns a picture that viewers may get as it came as a :class:`CodedPicture`, and
        then, if it :attr:`decodes`, the frame of that picture with the same ``pts``. A frame without its coded picture
        before it says that viewers can get none as they come, until the next coded picture, which is a key frame.

        Raises:
            CameraError: as :meth:`read`.
            CameraEnded: likewise.
        """
        return self.read()

    @abstractmethod
    def close(self) -> None:
        """Disconnect and release all resources.

        Safe to call twice, before ``open``, and from another thread while ``read`` waits.
        """
