"""The frame: one picture with its time, annotations and trace. Every stage takes and returns frames."""

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
from ..timing import CaptureClock
from .pixels import Image, Pixels

Depth = NDArray[np.uint16]


class Kept(Enum):
    """A sentinel for arguments to keep the current value, where ``None`` removes it."""

    KEPT = "kept"


KEPT = Kept.KEPT


@dataclass(frozen=True, slots=True)
class Intrinsics:
    """Intrinsic parameters of a pinhole camera: focal lengths and principal point, in pixels at this size."""

    width_px: int
    height_px: int
    fx: float
    fy: float
    ppx: float
    ppy: float


@dataclass(frozen=True, slots=True)
class Mark:
    """The time at which a frame completed a stage, in seconds of the monotonic clock."""

    stage: str
    at_s: float


def received_in(trace: tuple[Mark, ...]) -> float | None:
    """Return when a picture came to this machine, on the monotonic clock; ``None`` without a trace.

    Unlike the capture by the clock of a camera, this is never wrong.
    """
    if len(trace) > 1 and trace[1].stage == "received":
        return trace[1].at_s
    return trace[0].at_s if trace else None


@dataclass(frozen=True, eq=False)
class Frame:
    """One picture with its time. Immutable; derived frames share its pixels.

    Attributes:
        pixels: The picture, in several pixel formats.
        pts: Presentation time in ticks of ``time_base``, set by the source and never changed.
        time_base: Seconds per tick.
        captured_at: Wall-clock time of the capture, in seconds since the epoch.
        sequence: Number of the frame in its source, from 0, increasing; dropped frames leave gaps.
        annotations: Annotations in the order in which they were attached.
        depth: Distance of each pixel in millimetres, (height, width) uint16, 0 = unknown; read-only.
        intrinsics: Intrinsic parameters for this picture; ``None`` if unknown.
        distortion: Brown-Conrady parameters rk1, rk2, rk3, tp1, tp2; empty if unknown.
        trace: Stages completed so far; the first is the capture. The second is ``received`` where these differ.
        capture_clock: Which clock says when the frame was captured: the camera's own, or ours as it arrived.
        new_result: Whether its annotations include a result that no earlier frame carried, even one that found nothing.
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
    capture_clock: CaptureClock = "arrival"
    new_result: bool = False

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

    @property
    def received_s(self) -> float | None:
        """When it came to this machine (:func:`received_in`)."""
        return received_in(self.trace)

    def with_annotations(self, more: Iterable[Annotation], *, new_result: bool = False) -> Frame:
        """Return this frame with annotations appended; ``new_result``: they are of a result that no other carried."""
        annotations = (*self.annotations, *more)
        return dataclasses.replace(self, annotations=annotations, new_result=self.new_result or new_result)

    def with_pixels(
        self,
        pixels: Pixels,
        *,
        annotations: tuple[Annotation, ...] | None = None,
        depth: Depth | Kept | None = KEPT,
        intrinsics: Intrinsics | Kept | None = KEPT,
    ) -> Frame:
        """Return a frame of the same time with another picture; arguments not given keep their value.

        Args:
            pixels: The new picture.
            annotations: Annotations of the new picture; ``None`` keeps the current ones.
            depth: Depth of the new picture; ``None`` removes it.
            intrinsics: Intrinsic parameters of the new picture; ``None`` removes them.

        Raises:
            ValueError: when the size of the picture differs from that of the depth or of kept intrinsics.
        """
        if intrinsics is KEPT:
            if self.intrinsics is not None and (pixels.width, pixels.height) != (self.width, self.height):
                raise ValueError(
                    f"intrinsics for {self.width} x {self.height} do not fit a picture of "
                    f"{pixels.width} x {pixels.height}; pass new ones, or None"
                )
            intrinsics = self.intrinsics
        if depth is KEPT:
            depth = self.depth
        if depth is not None and depth.shape != (pixels.height, pixels.width):
            height, width = depth.shape
            raise ValueError(
                f"depth of {width} x {height} does not fit a picture of {pixels.width} x {pixels.height}; pass "
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
        """Return a frame of the same time after a geometric transform, with its annotations transformed.

        ``movement`` maps coordinates in the old picture to the new one; depth and intrinsics are those of the new one.

        Raises:
            ValueError: when the size of the depth differs from that of the picture.
        """
        kept = (annotation.moved(movement) for annotation in self.annotations)
        return self.with_pixels(
            pixels,
            annotations=tuple(annotation for annotation in kept if annotation is not None),
            depth=depth,
            intrinsics=intrinsics,
        )

    def retimed(self, pts: int, time_base: Fraction, sequence: int) -> Frame:
        """Return this frame with other timing, for components that manage the time of a stream."""
        return dataclasses.replace(self, pts=pts, time_base=time_base, sequence=sequence)

    def marked(self, stage: str, at_s: float | None = None) -> Frame:
        """Return this frame with a completed stage added to its trace; ``at_s`` defaults to now."""
        return dataclasses.replace(self, trace=(*self.trace, Mark(stage, time.monotonic() if at_s is None else at_s)))
