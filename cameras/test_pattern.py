"""The camera that renders a test pattern: a moving scene of shapes."""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from threading import Event
from typing import TYPE_CHECKING, ClassVar

from pydantic import Field

from .attributes import Attributes
from .base import Camera, CameraError
from .picture import Frame, Intrinsics, Mark, Pixels

if TYPE_CHECKING:
    from .pattern import Scene


class TestPatternAttributes(Attributes):
    """Attributes of ``model: test_pattern`` in the YAML."""

    __test__: ClassVar[bool] = False  # or pytest would collect the class as a test

    width_px: int = Field(1280, ge=64, le=4096, description="Width of the picture.")
    height_px: int = Field(720, ge=64, le=4096, description="Height of the picture.")
    frame_rate: float = Field(30, gt=0, le=120, allow_inf_nan=False, description="Frames per second.")
    seed: int = Field(0, ge=0, description="Seed of the scene.")
    depth: bool = Field(False, description="Add a 16-bit depth plane and intrinsic parameters to the frames.")


class TestPattern(Camera[TestPatternAttributes]):
    """A camera that renders the scene in real time.

    Equal seed, size, frame rate and number produce equal pixels. Picture ``n`` is due ``n / frame_rate`` seconds after
    ``open``; late pictures are skipped. With ``paced=False``, every picture is returned without waiting. The
    intrinsics that come with depth have a horizontal field of view of 53 degrees.
    """

    __test__: ClassVar[bool] = False

    model_name: ClassVar[str] = "test_pattern"
    attributes_type: ClassVar[type[Attributes]] = TestPatternAttributes

    def __init__(
        self,
        name: str,
        attributes: TestPatternAttributes,
        *,
        paced: bool = True,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        super().__init__(name, attributes, paced=paced)
        self._clock = clock
        self._closed = Event()
        self._scene: Scene | None = None
        self._time_base = 1 / Fraction(attributes.frame_rate).limit_denominator(1001)
        self._next = 0
        self._opened_s = 0.0
        width, height = attributes.width_px, attributes.height_px
        self._lens = Intrinsics(width, height, float(width), float(width), width / 2, height / 2)

    @classmethod
    def provides_intrinsics(cls, attributes: TestPatternAttributes) -> bool:
        """Return ``depth``: intrinsic parameters come with it."""
        return attributes.depth

    @property
    def frame_rate(self) -> float:
        """Declared frames per second."""
        return self.attributes.frame_rate

    def open(self) -> None:
        """Create the scene."""
        from .pattern import Scene  # late: of all that starts, only this camera needs it

        attributes = self.attributes
        self._scene = Scene(attributes.seed, attributes.width_px, attributes.height_px, attributes.frame_rate)
        self._closed.clear()
        self._next = 0
        self._opened_s = self._clock()

    def read(self) -> Frame:
        """Wait until the next picture is due and return it."""
        scene, number = self._scene, self._next
        if scene is None:
            raise CameraError("closed")
        if self.paced:
            elapsed_s = self._clock() - self._opened_s
            number = max(number, int(elapsed_s / self._time_base))
            self._closed.wait(max(float(number * self._time_base) - elapsed_s, 0.0))
        if self._closed.is_set():
            raise CameraError("closed")
        self._next = number + 1
        captured_at, captured_s = time.time(), self._clock()
        picture = scene.render(number)
        return Frame(
            Pixels.from_bgr(picture.image),
            pts=number,
            time_base=self._time_base,
            captured_at=captured_at,
            depth=picture.depth() if self.attributes.depth else None,
            intrinsics=self._lens if self.attributes.depth else None,
            trace=(Mark("captured", captured_s),),
        )

    def close(self) -> None:
        """Close the camera; a waiting ``read`` raises ``CameraError``."""
        self._closed.set()
        self._scene = None
