"""A harness that sends frames through a transform and checks what holds for every transform."""

from __future__ import annotations

import dataclasses
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cameras import Frame, Intrinsics
from transforms import Transform

# The transforms that move the picture with its depth and lens. Their own tests check the positions.
MOVING = frozenset({"crop", "flip", "resize", "rotate", "undistort", "overlay"})
# The transforms that change depth values in place.
CHANGING_DEPTH = frozenset({"depth_preprocess", "redact"})
DISTORTION = (0.01, 0.02, 0.03, 0.001, 0.002)


def through(transform: Transform[Any], *frames: Frame) -> list[Frame]:
    """Return the output of a transform for these frames, opened and closed as a line does it.

    Checks for each frame that the output keeps its time and the input does not change; that depth and lens come out,
    unchanged or, for the transforms named above, for the new picture; and that it can be opened and closed twice.
    Frames without depth or lens get them, unless the transform needs them.
    """
    transform.open()
    transform.open()
    try:
        return [_applied(transform, frame) for frame in frames]
    finally:
        transform.close()
        transform.close()


def _applied(transform: Transform[Any], frame: Frame) -> Frame:
    added = _added(transform, frame)
    equipped = dataclasses.replace(frame, **added) if added else frame
    before, annotations = _copies(equipped), frame.annotations
    out = transform.apply(equipped)
    assert (out.pts, out.time_base, out.captured_at, out.sequence, out.trace) == (
        frame.pts,
        frame.time_base,
        frame.captured_at,
        frame.sequence,
        frame.trace,
    )
    assert frame.annotations == annotations
    for was, now in zip(before, _arrays(equipped), strict=True):
        np.testing.assert_array_equal(was, now)
    for array in _arrays(out):
        assert not array.flags.writeable, "what goes out is shared and must be read-only"
    _check_depth_and_lens(transform.type_name, equipped, out)
    if out is equipped:
        return frame
    return dataclasses.replace(out, **{name: getattr(frame, name) for name in added})


def _added(transform: Transform[Any], frame: Frame) -> dict[str, Any]:
    """Return the depth and the lens that a frame lacks; what a transform says it needs is for its tests to give."""
    added: dict[str, Any] = {}
    if frame.depth is None and not transform.needs_depth:
        depth = np.arange(frame.width * frame.height).reshape(frame.height, frame.width).astype(np.uint16)
        depth.flags.writeable = False
        added["depth"] = depth
    if frame.intrinsics is None and not frame.distortion and not transform.needs_lens:
        added["intrinsics"] = Intrinsics(frame.width, frame.height, 50.0, 60.0, frame.width / 3, frame.height / 4)
        added["distortion"] = DISTORTION
    return added


def _check_depth_and_lens(name: str, came: Frame, went: Frame) -> None:
    if came.depth is not None:
        assert went.depth is not None, "the depth is lost"
        assert went.depth.shape == (went.height, went.width)
        if name not in MOVING | CHANGING_DEPTH:
            assert went.depth is came.depth
    if came.intrinsics is not None:
        assert went.intrinsics is not None, "the lens is lost"
        if name not in MOVING:
            assert went.intrinsics == came.intrinsics
        elif (came.intrinsics.width_px, came.intrinsics.height_px) == (came.width, came.height):
            assert (went.intrinsics.width_px, went.intrinsics.height_px) == (went.width, went.height)
    if name not in MOVING:
        assert went.distortion == came.distortion
    elif name != "undistort":
        assert len(went.distortion) == len(came.distortion)


def _arrays(frame: Frame) -> list[NDArray[Any]]:
    pixels = [*frame.pixels.yuv] if frame.pixels.born_yuv else [frame.pixels.bgr]
    return [*pixels, *([] if frame.depth is None else [frame.depth])]


def _copies(frame: Frame) -> list[NDArray[Any]]:
    return [array.copy() for array in _arrays(frame)]
