"""A frame carries its time, its annotations and its way."""

from fractions import Fraction

import numpy as np
import pytest

from cameras import BoundingBox, Classification, Detection, Frame, Intrinsics, Movement, Pixels
from tests.fakes import frame

BOX = BoundingBox(0.1, 0.1, 0.2, 0.2)


def test_annotations_are_added_after_those_that_came_with_it() -> None:
    first, second = Classification("star", 0.9), Classification("mug", 0.8)
    plain = frame(pts=7)
    annotated = plain.with_annotations([first]).with_annotations([second])
    assert annotated.annotations == (first, second)
    assert plain.annotations == ()
    assert annotated.pixels is plain.pixels
    assert (annotated.pts, annotated.time_base, annotated.captured_at) == (7, Fraction(1, 30), plain.captured_at)


def test_moving_keeps_the_time_and_drops_what_leaves() -> None:
    stays, leaves, whole = (
        Detection("a", 1, box=BOX),
        Detection("b", 1, box=BoundingBox(0, 0, 1, 1)),
        Classification("c", 1),
    )
    came = frame(pts=3).with_annotations([stays, leaves, whole])
    pixels = Pixels.from_bgr(np.zeros((2, 2, 3), np.uint8))
    movement = Movement(lambda box: BOX if box == BOX else None, lambda mask: mask, lambda points: points)
    went = came.moved(pixels, movement)
    assert went.annotations == (stays, whole)
    assert (went.pts, went.sequence, went.width, went.height) == (3, came.sequence, 2, 2)


def test_depth_and_intrinsics_belong_to_the_picture() -> None:
    known = Intrinsics(8, 6, 10.0, 10.0, 4.0, 3.0)
    came = Frame(frame().pixels, 0, Fraction(1), 0.0, depth=np.ones((6, 8), np.uint16), intrinsics=known)
    went = came.with_pixels(Pixels.from_bgr(np.zeros((2, 2, 3), np.uint8)), annotations=())
    assert (went.depth, went.intrinsics) == (None, None)


def test_marks_tell_its_way() -> None:
    marked = frame().marked("captured", 1.0).marked("source", 1.5)
    assert [(mark.stage, mark.at_s) for mark in marked.trace] == [("captured", 1.0), ("source", 1.5)]


def test_time_is_ticks_times_time_base() -> None:
    assert frame(pts=45, time_base=Fraction(1, 30)).time_s == pytest.approx(1.5)
