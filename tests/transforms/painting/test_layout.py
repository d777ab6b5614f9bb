from __future__ import annotations

import itertools
from dataclasses import dataclass, replace

import numpy as np
import pytest
from numpy.typing import NDArray

from cameras import (
    Annotation,
    BoundingBox,
    Canvas,
    Caption,
    Classification,
    Detection,
    Frame,
    Image,
    Label,
    Matrix,
    Outline,
    Pixels,
    Points,
    Segmentation,
    Yuv,
    as_mask,
)
from tests.transforms.pictures import bgr, detection, with_depth
from transforms import Style, paint
from transforms.painting.colors import PALETTE
from transforms.painting.layout import LabelLayout

SIZES = [(160, 120), (768, 432), (1280, 720), (721, 405), (90, 160)]


def gray(width: int, height: int, *annotations: Annotation, matrix: Matrix | None = None) -> Frame:
    """Return a gray frame, held as planes when a matrix is given."""
    frame = bgr(2, 2)
    if matrix is None:
        pixels = Pixels.from_bgr(np.full((height, width, 3), 100, np.uint8))
    else:
        y, color = np.full((height, width), 102, np.uint8), np.full((height // 2, width // 2), 128, np.uint8)
        pixels = Pixels.from_yuv(*Yuv(y, color, color.copy()), matrix=matrix)
    return frame.with_pixels(pixels, annotations=annotations)


@dataclass(frozen=True)
class Dotted(Annotation):
    """Painted as points."""

    points: Points

    def __init__(self, points: Points) -> None:
        super().__init__("dots", 1.0)
        object.__setattr__(self, "points", points)

    def paint(self, canvas: Canvas) -> None:
        canvas.points(self.points, Label(self.label))


def layout(width: int, height: int, *annotations: Annotation, style: Style | None = None) -> LabelLayout:
    laid_out = LabelLayout(width, height, style or Style())
    laid_out.add(annotations)
    return laid_out


def texts(laid_out: LabelLayout) -> list[str]:
    return [plate.text for plate, _, _ in laid_out.plates]


def test_a_frame_without_annotations_is_returned_unchanged() -> None:
    frame = bgr(8, 6)
    assert paint(frame, Style()) is frame


def test_painting_copies_the_picture_and_removes_the_annotations() -> None:
    frame = with_depth(gray(160, 120, detection(0.25, 0.25, 0.75, 0.75)))
    before = frame.image.copy()
    out = paint(frame, Style())
    np.testing.assert_array_equal(frame.image, before)
    assert not np.array_equal(out.image, before)
    assert out.annotations == ()
    assert (out.pts, out.time_base, out.captured_at, out.sequence) == (
        frame.pts,
        frame.time_base,
        frame.captured_at,
        frame.sequence,
    )
    assert (out.depth is frame.depth, out.intrinsics) == (True, frame.intrinsics)


@pytest.mark.parametrize("matrix", [None, Matrix.BT601])
def test_a_box_stands_where_the_detection_is(matrix: Matrix | None) -> None:
    frame = gray(320, 240, detection(0.25, 0.5, 0.75, 0.875), matrix=matrix)
    out = paint(frame, Style(color="#E69F00")).image.astype(int)
    colored = np.abs(out - PALETTE[0][::-1]).max(axis=2) <= 4
    assert colored[120:122, 80:240].all() and colored[208:210, 80:240].all()
    assert colored[120:210, 80:82].all() and colored[120:210, 238:240].all()
    assert not colored[124:206, 84:236].any(), "its middle is free"
    assert colored[:104].sum() == 0 and colored[211:].sum() == 0


@pytest.mark.parametrize("size", [(160, 120), (768, 432)])
@pytest.mark.parametrize("matrix", Matrix)
def test_yuv_planes_and_bgr_look_the_same(size: tuple[int, int], matrix: Matrix) -> None:
    annotations = (
        Classification("tench", 0.87),
        detection(0.13, 0.4, 0.52, 0.93, "person"),
        detection(0.61, 0.33, 0.97, 0.7, "Dog"),
    )
    painted = paint(gray(*size, *annotations, matrix=matrix), Style()).pixels.yuv
    expected = planes_of(paint(gray(*size, *annotations), Style()).image, matrix)
    for plane, wanted in zip(painted, expected, strict=True):
        assert np.abs(plane - wanted).max() <= 2


def planes_of(image: Image, matrix: Matrix) -> list[NDArray[np.float64]]:
    """Return a BGR picture as limited-range planes, by the book."""
    kr, kb = {Matrix.BT601: (0.299, 0.114), Matrix.BT709: (0.2126, 0.0722)}[matrix]
    blue, green, red = np.moveaxis(image.astype(float), 2, 0)
    y = kr * red + (1 - kr - kb) * green + kb * blue
    halves = [
        plane.reshape(plane.shape[0] // 2, 2, plane.shape[1] // 2, 2).mean(axis=(1, 3))
        for plane in ((blue - y) / (2 - 2 * kb), (red - y) / (2 - 2 * kr))
    ]
    return [16 + y * 219 / 255, *(128 + half * 224 / 255 for half in halves)]


def test_a_label_stands_above_its_box() -> None:
    plate, x, y = layout(1280, 720, detection(0.25, 0.5, 0.5, 0.75, "star")).plates[0]
    assert plate.text == "star: 0.75"
    assert (x, y + plate.height) == (320, 360)


def test_a_label_at_the_upper_edge_stands_inside_its_box() -> None:
    (_, x, y) = layout(1280, 720, detection(0.25, 0.01, 0.5, 0.75)).plates[0]
    assert (x, y) == (320, 6)


def test_a_label_at_the_right_edge_is_shifted_in() -> None:
    plate, x, _ = layout(1280, 720, detection(0.97, 0.5, 1, 0.75, "traffic light")).plates[0]
    assert x + plate.width == 1280


def test_a_label_wider_than_the_picture_is_shortened_and_keeps_its_confidence() -> None:
    plate, x, _ = layout(160, 120, detection(0.1, 0.5, 1, 0.75, "a thing with a very long name indeed")).plates[0]
    assert plate.text.endswith("...: 0.75")
    assert 0 <= x <= x + plate.width <= 160


def test_classifications_stand_one_under_the_other_in_their_order() -> None:
    laid_out = layout(1280, 720, *(Classification(name, 0.98) for name in ("star", "mug", "moon")))
    assert texts(laid_out) == ["star: 0.98", "mug: 0.98", "moon: 0.98"]
    assert {x for _, x, _ in laid_out.plates} == {12}
    for (above, _, top), (_, _, below) in itertools.pairwise(laid_out.plates):
        assert top + above.height < below


def test_a_long_classification_takes_several_lines_and_the_next_follows_them() -> None:
    long = Classification("great white shark, white shark, man-eater, man-eating shark", 0.87)
    laid_out = layout(320, 240, long, Classification("mug", 0.1))
    assert len(laid_out.plates) > 2
    assert " ".join(texts(laid_out)[:-1]) == f"{long.label}: 0.87"
    assert texts(laid_out)[-1] == "mug: 0.10"
    tops = [y for _, _, y in laid_out.plates]
    assert tops == sorted(set(tops))


def test_classifications_below_the_picture_are_dropped() -> None:
    assert len(layout(160, 120, *[Classification("x", 0.5)] * 1000).plates) < 10


@pytest.mark.parametrize("seed", range(5))
def test_labels_cover_each_other_only_where_there_is_no_room(seed: int) -> None:
    random = np.random.default_rng(seed)
    boxes = random.uniform(0, 0.8, (8, 2))
    things = [detection(x, y, x + 0.15, y + 0.15, "ball") for x, y in boxes.tolist()]
    laid_out = layout(1280, 720, Classification("tench", 0.5), *things)
    places = [(x, y, x + plate.width, y + plate.height) for plate, x, y in laid_out.plates]
    covering = [
        (one, other)
        for one, other in itertools.combinations(places, 2)
        if one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
    ]
    assert len(covering) <= 1


@pytest.mark.parametrize("size", SIZES)
def test_every_label_is_wholly_in_the_picture(size: tuple[int, int]) -> None:
    width, height = size
    random = np.random.default_rng(3)
    things = []
    for x, y, right, bottom in random.uniform(-0.3, 1.3, (60, 4)).tolist():
        things.append(detection(min(x, right), min(y, bottom), max(x, right), max(y, bottom), "some thing"))
    laid_out = layout(width, height, *things)
    assert len(laid_out.plates) == len(laid_out.outlines) > 40
    for plate, x, y in laid_out.plates:
        assert x >= 0 and y >= 0
        assert x + plate.width <= width + 1 and y + plate.height <= height + 1
        assert (x % 2, y % 2) == (0, 0)
    for (x_min, y_min, x_max, y_max), _ in laid_out.outlines:
        assert 0 <= x_min < x_max <= width and 0 <= y_min < y_max <= height
    assert paint(gray(width, height, *things), Style()).image.shape == (height, width, 3)


def test_a_box_wholly_outside_is_not_painted() -> None:
    laid_out = layout(160, 120, detection(1.1, 0, 1.2, 1), detection(float("nan"), 0, 1, 1))
    assert (laid_out.outlines, laid_out.plates) == ([], [])


@pytest.mark.parametrize("size", [(1, 1), (2, 2), (3, 1), (16, 4)])
@pytest.mark.parametrize("matrix", [None, Matrix.BT601])
def test_a_tiny_picture_survives(size: tuple[int, int], matrix: Matrix | None) -> None:
    if matrix is not None and (size[0] % 2 or size[1] % 2):
        size = (4, 2)
    frame = gray(*size, Classification("a b c", 1), detection(0, 0, 1, 1), matrix=matrix)
    assert paint(frame, Style()).image.shape == (size[1], size[0], 3)


@pytest.mark.parametrize("line_width", [1, 3, 5])
def test_odd_line_widths_are_painted_on_planes(line_width: int) -> None:
    frame = gray(160, 120, detection(0.1, 0.2, 0.8, 0.9), matrix=Matrix.BT601)
    out = paint(frame, Style(line_width_px=line_width, color="#FFFFFF")).pixels.yuv.y
    assert (out[60, 16 : 16 + line_width] == 235).all()
    assert out[60, 16 + line_width] == 102


def test_a_crop_window_is_red_and_says_so() -> None:
    window = Outline("crop", 1.0, box=BoundingBox(0.2, 0.2, 0.8, 0.8))
    laid_out = layout(320, 240, window)
    assert laid_out.outlines == [((64, 48, 256, 192), (230, 30, 30))]
    assert texts(laid_out) == ["crop"]


def test_a_label_always_has_the_same_color_in_any_letter_case() -> None:
    colors = {
        label: layout(320, 240, detection(0, 0, 1, 1, label)).outlines[0][1] for label in ("star", "STAR", "person")
    }
    assert colors["star"] == colors["STAR"] == (77, 239, 253)
    assert colors["person"] == (0, 114, 178)


def test_an_object_with_a_second_label_keeps_the_color_of_the_first() -> None:
    dog = detection(0, 0, 1, 1, "dog")
    husky = replace(dog, label="dog: husky", first_label="dog")
    for style in (Style(), Style(colors={"Dog": "#010203"})):
        colors = [color for _, color in layout(320, 240, dog, husky, style=style).outlines]
        assert colors[0] == colors[1]
    style = Style(colors={"dog": "#010203", "Dog: Husky": "#040506"})
    assert layout(320, 240, husky, style=style).outlines[0][1] == (4, 5, 6)


def test_colors_can_be_chosen_by_label_and_for_all() -> None:
    style = Style(color="#102030", colors={"Dog": "#ffffff", "cat": "auto"}, text_color="#00ff00")
    laid_out = layout(320, 240, *(detection(0, 0, 1, 1, label) for label in ("dog", "cow", "cat")), style=style)
    assert [color for _, color in laid_out.outlines][:2] == [(255, 255, 255), (16, 32, 48)]
    assert laid_out.outlines[2][1] in PALETTE
    assert {plate.text_color for plate, _, _ in laid_out.plates} == {(0, 255, 0)}


@pytest.mark.parametrize("label", ["", "\ud800", "a\x00b\n", "日本語", "مرحبا", "👍🏽" * 300, "x" * 10_000])
def test_no_label_stops_a_frame(label: str) -> None:
    for matrix in (None, Matrix.BT709):
        frame = gray(160, 120, Classification(label, 0.5), Detection(label, 0.5, box=BoundingBox(0, 0.5, 1, 1)))
        assert paint(gray(160, 120, *frame.annotations, matrix=matrix), Style()).image.shape == (120, 160, 3)


def half(label: str = "dog", rows: int = 12, columns: int = 16) -> Segmentation:
    """Return a mask over the right half of a frame, coarse."""
    members = np.zeros((rows, columns), bool)
    members[:, columns // 2 :] = True
    return Segmentation(label, 0.83, mask=as_mask(members))


@pytest.mark.parametrize("matrix", [None, *Matrix])
def test_a_mask_is_tinted_and_has_an_edge(matrix: Matrix | None) -> None:
    style = Style(color="#E69F00")
    out = paint(gray(320, 240, half(), matrix=matrix), style).image.astype(int)
    inside = np.rint(100 * 0.55 + 0.45 * np.array(PALETTE[0][::-1]))
    assert np.abs(out[20, 180:310] - inside).max() <= 4
    assert np.abs(out[20, :156] - 100).max() <= 2
    assert np.abs(out[20, 160] - PALETTE[0][::-1]).max() <= (4 if matrix is None else 60)
    assert np.abs(out[20, 316] - inside).max() <= 4, "where the picture ends is no edge"


@pytest.mark.parametrize("opacity", [0.0, 1.0])
def test_mask_opacity_is_configurable(opacity: float) -> None:
    out = paint(gray(320, 240, half()), Style(color="#E69F00", mask_opacity=opacity)).image
    assert out[20, 250].tolist() == ([100, 100, 100] if opacity == 0 else [0, 159, 230])


def test_a_mask_label_is_in_the_middle_of_the_mask() -> None:
    ((plate, x, y),) = layout(1280, 720, half()).plates
    assert plate.text == "dog: 0.83"
    assert 640 < x < x + plate.width < 1280
    assert 150 < y < 560


def test_an_empty_mask_and_one_of_a_single_pixel_survive() -> None:
    for members in (np.zeros((4, 4), bool), np.ones((1, 1), bool)):
        thing = Segmentation("x", 0.5, mask=as_mask(members))
        for matrix in (None, Matrix.BT601):
            assert paint(gray(160, 120, thing, matrix=matrix), Style()).image.shape == (120, 160, 3)


def test_a_caption_stands_at_the_bottom_on_several_lines() -> None:
    words = "a yellow star to the left of a blue circle and above a red cross in the night"
    laid_out = layout(320, 240, Caption(words, 0.9), Classification("star", 0.5))
    lines = [(plate, x, y) for plate, x, y in laid_out.plates if plate.text != "star: 0.50"]
    assert " ".join(plate.text for plate, _, _ in lines) == words
    assert {plate.color for plate, _, _ in lines} == {(0, 0, 0)} and len(lines) > 1
    assert all(abs(x + plate.width / 2 - 160) <= 2 for plate, x, _ in lines)
    bottom = max(y + plate.height for plate, _, y in lines)
    assert 230 <= bottom <= 240


def test_a_caption_takes_at_most_half_of_the_picture() -> None:
    laid_out = layout(160, 120, Caption("a word and " * 40, 0.9))
    assert min(y for _, _, y in laid_out.plates) >= 56
    assert laid_out.plates[-1][0].text.endswith("...")


def test_a_tracked_object_shows_its_track_id() -> None:
    thing = Detection("traffic light with a very long name", 0.5, box=BoundingBox(0, 0.5, 1, 1), track_id=12)
    assert texts(layout(1280, 720, thing)) == ["traffic light with a very long name #12: 0.50"]
    assert texts(layout(160, 120, thing))[0].endswith("... #12: 0.50")


@pytest.mark.parametrize("size", SIZES)
def test_every_kind_is_wholly_in_the_picture(size: tuple[int, int]) -> None:
    width, height = size
    things = (half("sky"), Caption("a b c " * 10, 0.5), Classification("x", 0.5), detection(0.1, 0.8, 0.9, 1))
    for plate, x, y in layout(width, height, *things).plates:
        assert x >= 0 and y >= 0 and x + plate.width <= width + 1 and y + plate.height <= height + 1
        assert (x % 2, y % 2) == (0, 0)


@pytest.mark.parametrize("matrix", [None, Matrix.BT709])
def test_points_in_the_picture_are_dots_with_one_label_above_them(matrix: Matrix | None) -> None:
    points = np.array([[0.25, 0.5], [0.5, 0.75], [1.5, 0.5], [np.nan, 0.5]])
    frame = gray(320, 240, Dotted(points), matrix=matrix)
    out = paint(frame, Style(color="#E69F00", line_width_px=4)).image.astype(int)
    orange = np.abs(out - PALETTE[0][::-1]).max(axis=2) <= 4
    edge = 0 if matrix is None else 1  # where halved colour is interpolated with what is around
    inside = slice(edge, 8 - edge)
    assert orange[116:124, 76:84][inside, inside].all() and orange[176:184, 156:164][inside, inside].all()
    [(_, x, y)] = layout(320, 240, Dotted(points), style=Style(line_width_px=4)).plates
    plate_height = 2 * round(0.75 * Style().text_size(240))
    assert (x, y) == (76, 116 - plate_height)
    orange[y : y + plate_height, x:] = False
    assert orange.sum() <= 2 * 8 * 8


def test_points_that_are_all_outside_have_no_label() -> None:
    laid_out = layout(320, 240, Dotted(np.array([[1.5, 0.5], [-0.1, 0.2]])))
    assert (laid_out.dots, laid_out.plates) == ([], [])
