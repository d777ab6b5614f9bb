"""Frames: time, annotations and trace."""

from fractions import Fraction

import numpy as np
import pytest

from cameras import BoundingBox, Classification, Detection, Frame, Intrinsics, Movement, Pixels
from tests.fakes import frame

BOX = BoundingBox(0.1, 0.1, 0.2, 0.2)


def test_annotations_are_appended() -> None:
    first, second = Classification("star", 0.9), Classification("mug", 0.8)
    plain = frame(pts=7)
    annotated = plain.with_annotations([first]).with_annotations([second])
    assert annotated.annotations == (first, second)
    assert plain.annotations == ()
    assert annotated.pixels is plain.pixels
    assert (annotated.pts, annotated.time_base, annotated.captured_at) == (7, Fraction(1, 30), plain.captured_at)


def test_moving_keeps_the_time_and_drops_annotations_outside() -> None:
    stays, leaves, whole = (
        Detection("a", 1, box=BOX),
        Detection("b", 1, box=BoundingBox(0, 0, 1, 1)),
        Classification("c", 1),
    )
    came = frame(pts=3).with_annotations([stays, leaves, whole])
    pixels = Pixels.from_bgr(np.zeros((2, 2, 3), np.uint8))
    movement = Movement(lambda box: BOX if box == BOX else None, lambda mask: mask, lambda points: points)
    went = came.moved(pixels, movement, depth=None, intrinsics=None)
    assert went.annotations == (stays, whole)
    assert (went.pts, went.sequence, went.width, went.height) == (3, came.sequence, 2, 2)


KNOWN = Intrinsics(8, 6, 10.0, 10.0, 4.0, 3.0)


def deep() -> Frame:
    """Give a frame of 8 x 6 with depth, a lens and an annotation."""
    pixels = Pixels.from_bgr(np.zeros((6, 8, 3), np.uint8))
    return Frame(
        pixels,
        0,
        Fraction(1),
        0.0,
        annotations=(Classification("star", 0.9),),
        depth=np.ones((6, 8), np.uint16),
        intrinsics=KNOWN,
        distortion=(0.1,),
    )


def picture(width: int, height: int) -> Pixels:
    return Pixels.from_bgr(np.full((height, width, 3), 9, np.uint8))


def test_other_members_stay_when_the_pixels_are_replaced() -> None:
    came, pixels = deep(), picture(8, 6)
    went = came.with_pixels(pixels)
    assert went.pixels is pixels
    assert went.depth is came.depth
    assert (went.annotations, went.intrinsics, went.distortion) == (came.annotations, KNOWN, (0.1,))


def test_depth_and_intrinsics_can_be_replaced_or_removed() -> None:
    lens, depth = Intrinsics(4, 2, 1.0, 1.0, 2.0, 1.0), np.zeros((2, 4), np.uint16)
    went = deep().with_pixels(picture(4, 2), annotations=(), depth=depth, intrinsics=lens)
    assert went.depth is depth
    assert (went.annotations, went.intrinsics) == ((), lens)
    bare = deep().with_pixels(picture(4, 2), depth=None, intrinsics=None)
    assert (bare.depth, bare.intrinsics) == (None, None)


def test_depth_and_intrinsics_of_another_size_are_refused() -> None:
    with pytest.raises(ValueError, match="^depth of 8 x 6 does not fit a picture of 4 x 2; pass that"):
        deep().with_pixels(picture(4, 2), intrinsics=None)
    with pytest.raises(ValueError, match="^intrinsics for 8 x 6 do not fit a picture of 4 x 2; pass new"):
        deep().with_pixels(picture(4, 2), depth=None)
    with pytest.raises(ValueError, match="^depth of 8 x 6 does not fit a picture of 4 x 2"):
        movement = Movement(lambda box: box, lambda mask: mask, lambda points: points)
        deep().moved(picture(4, 2), movement, depth=deep().depth, intrinsics=None)


def test_the_trace_records_each_mark() -> None:
    marked = frame().marked("captured", 1.0).marked("source", 1.5)
    assert [(mark.stage, mark.at_s) for mark in marked.trace] == [("captured", 1.0), ("source", 1.5)]


def test_a_frame_was_received_when_it_was_captured_unless_its_trace_says_otherwise() -> None:
    assert frame().received_s is None
    assert frame().marked("captured", 1.0).marked("source", 1.5).received_s == 1.0
    assert frame().marked("captured", 1.0).marked("received", 1.2).marked("source", 1.5).received_s == 1.2


def test_time_is_ticks_times_time_base() -> None:
    assert frame(pts=45, time_base=Fraction(1, 30)).time_s == pytest.approx(1.5)
