"""One picture with its time, what was recognised in it, and its way so far: the value that flows through the house."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterable
from dataclasses import dataclass
from enum import Enum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from ..annotations import Annotation, Movement
from .pixels import Image, Pixels

Depth = NDArray[np.uint16]


class Kept(Enum):
    """The one value that says that something stays as it is, where ``None`` says that it goes."""

    KEPT = "kept"


KEPT = Kept.KEPT


@dataclass(frozen=True, slots=True)
class Intrinsics:
    """How a pinhole camera maps space to pixels: focal lengths and principal point, in pixels of such a picture."""

    width_px: int
    height_px: int
    fx: float
    fy: float
    ppx: float
    ppy: float


@dataclass(frozen=True, slots=True)
class Mark:
    """When a frame was through with a stage of its way, in seconds of the monotonic clock."""

    stage: str
    at_s: float


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture with its time. Immutable; frames made from it share its pixels.

    Attributes:
        pixels: The picture, in every form.
        pts: Presentation time in ticks of ``time_base``; born in the source, carried by all who come after.
        time_base: Seconds per tick.
        captured_at: Wall-clock time of the capture, in seconds since the epoch.
        sequence: Number of the frame in its source, from 0, rising; frames dropped on the way leave gaps.
        annotations: What was recognised so far, in the order in which it was.
        depth: Distance of each pixel in millimetres, (height, width) uint16, 0 = unknown; read-only.
        intrinsics: How the camera maps space to this picture, where that is known.
        distortion: Brown-Conrady parameters rk1, rk2, rk3, tp1, tp2; empty where not known.
        trace: Its way so far: the first mark is the capture.
    """

    pixels: Pixels
    pts: int
    time_base: Fraction
    captured_at: float
    sequence: int = 0
    annotations: tuple[Annotation, ...] = ()
    depth: Depth | None = None
    intrinsics: Intrinsics | None = None
    distortion: tuple[float, ...] = ()
    trace: tuple[Mark, ...] = ()

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.pixels.width

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.pixels.height

    @property
    def image(self) -> Image:
        """The picture as (height, width, 3) uint8 BGR, read-only."""
        return self.pixels.bgr

    @property
    def time_s(self) -> float:
        """Presentation time in seconds."""
        return float(self.pts * self.time_base)

    def with_annotations(self, more: Iterable[Annotation]) -> Frame:
        """Return this frame with more recognised in it, after what was there."""
        return dataclasses.replace(self, annotations=(*self.annotations, *more))

    def with_pixels(
        self,
        pixels: Pixels,
        *,
        annotations: tuple[Annotation, ...] | None = None,
        depth: Depth | Kept | None = KEPT,
        intrinsics: Intrinsics | Kept | None = KEPT,
    ) -> Frame:
        """Return a frame of the same moment with another picture; what is not given stays.

        Args:
            pixels: The new picture.
            annotations: Those of the new picture; ``None`` keeps the old ones.
            depth: The depth of the new picture; ``None`` takes it away.
            intrinsics: How the camera maps space to the new picture; ``None`` takes them away.

        Raises:
            ValueError: when the picture has another size than the depth, or than the intrinsics that would stay.
        """
        if intrinsics is KEPT:
            if self.intrinsics is not None and (pixels.width, pixels.height) != (self.width, self.height):
                raise ValueError(
                    f"intrinsics of a picture of {self.width} x {self.height} cannot stay with one of "
                    f"{pixels.width} x {pixels.height}; give new ones, or None"
                )
            intrinsics = self.intrinsics
        if depth is KEPT:
            depth = self.depth
        if depth is not None and depth.shape != (pixels.height, pixels.width):
            height, width = depth.shape
            raise ValueError(
                f"depth of {width} x {height} does not belong to a picture of {pixels.width} x {pixels.height}; give "
                "that of the picture, or None"
            )
        return dataclasses.replace(
            self,
            pixels=pixels,
            annotations=self.annotations if annotations is None else annotations,
            depth=depth,
            intrinsics=intrinsics,
        )

    def moved(self, pixels: Pixels, movement: Movement, *, depth: Depth | None, intrinsics: Intrinsics | None) -> Frame:
        """Return a frame of the same moment whose picture a geometric transform has moved, annotations and all.

        ``movement`` says where things of the old picture lie in the new one; depth and intrinsics are those of the new.

        Raises:
            ValueError: when the depth has another size than the picture.
        """
        kept = (annotation.moved(movement) for annotation in self.annotations)
        return self.with_pixels(
            pixels,
            annotations=tuple(annotation for annotation in kept if annotation is not None),
            depth=depth,
            intrinsics=intrinsics,
        )

    def retimed(self, pts: int, time_base: Fraction, sequence: int) -> Frame:
        """Return this frame at its place in a stream; for what keeps the time of one."""
        return dataclasses.replace(self, pts=pts, time_base=time_base, sequence=sequence)

    def marked(self, stage: str, at_s: float | None = None) -> Frame:
        """Return this frame with a mark for a stage it is through with: now, unless said otherwise."""
        return dataclasses.replace(self, trace=(*self.trace, Mark(stage, time.monotonic() if at_s is None else at_s)))
