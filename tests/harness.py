"""One way to send frames through a transform, which checks what holds for every transform."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from cameras import Frame
from transforms import Transform


def through(transform: Transform[Any], *frames: Frame) -> list[Frame]:
    """Return what comes out of a transform for these frames, opened and closed as a line does it.

    Checks for each frame that its time is carried and that what came in is as it was; and that opening and closing
    twice does no harm.
    """
    transform.open()
    transform.open()
    try:
        return [_applied(transform, frame) for frame in frames]
    finally:
        transform.close()
        transform.close()


def _applied(transform: Transform[Any], frame: Frame) -> Frame:
    before, annotations = _copies(frame), frame.annotations
    out = transform.apply(frame)
    assert (out.pts, out.time_base, out.captured_at, out.sequence, out.trace) == (
        frame.pts,
        frame.time_base,
        frame.captured_at,
        frame.sequence,
        frame.trace,
    )
    assert frame.annotations == annotations
    for was, now in zip(before, _arrays(frame), strict=True):
        np.testing.assert_array_equal(was, now)
    for array in _arrays(out):
        assert not array.flags.writeable, "what goes out is shared and must be read-only"
    return out


def _arrays(frame: Frame) -> list[NDArray[Any]]:
    pixels = [*frame.pixels.yuv] if frame.pixels.born_yuv else [frame.pixels.bgr]
    return [*pixels, *([] if frame.depth is None else [frame.depth])]


def _copies(frame: Frame) -> list[NDArray[Any]]:
    return [array.copy() for array in _arrays(frame)]
