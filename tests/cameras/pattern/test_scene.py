import itertools
from fractions import Fraction

import av
import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from cameras import BoundingBox
from cameras.pattern.actors import Placed
from cameras.pattern.ribbon import draw_frame_number
from cameras.pattern.scene import CHANGE_S, TURN_S, Picture, Scene, read_frame_number
from cameras.pattern.shapes import COLORS, SHAPES, Canvas
from cameras.pattern.sprites import SHADOW_REACH, Sprite

SIZES = [(64, 64), (160, 120), (321, 243), (641, 97), (90, 400), (1280, 720)]


@pytest.fixture(scope="module")
def scene() -> Scene:
    return Scene(0, 1280, 720)


def test_rendering_is_independent_of_earlier_pictures(scene: Scene) -> None:
    first = scene.render(100).image
    for number in (7, 5_000, 0):
        scene.render(number)
    again, elsewhere = scene.render(100).image, Scene(0, 1280, 720).render(100).image
    assert np.array_equal(first, again) and np.array_equal(first, elsewhere)


def test_seed_and_number_change_the_picture(scene: Scene) -> None:
    here = scene.render(100).image
    assert not np.array_equal(here, Scene(1, 1280, 720).render(100).image)
    assert not np.array_equal(here, scene.render(101).image)


def test_a_rendered_picture_belongs_to_the_caller(scene: Scene) -> None:
    picture = scene.render(3)
    expected = picture.image.copy()
    picture.image[:] = 0
    assert np.array_equal(scene.render(3).image, expected)


def test_every_shape_appears_once_in_a_distinct_colour(scene: Scene) -> None:
    things = scene.render(42).things
    assert sorted(thing.label for thing in things) == sorted(SHAPES)
    assert sorted(thing.color for thing in things) == sorted(COLORS)
    assert {"star", "circle", "square", "triangle", "mug"} < {thing.label for thing in things}


def test_a_scene_has_the_same_shapes_in_the_same_colours_in_every_size() -> None:
    large, small = (
        {thing.label: thing.color for thing in Scene(5, *size).render(0).things} for size in [(640, 360), (64, 64)]
    )
    assert large == small


def test_a_filled_shape_has_its_declared_colour(scene: Scene) -> None:
    picture = scene.render(60)
    for thing in picture.things:
        if thing.label in ("moon", "mug"):  # a moon's middle is not in it, a mug's may be in its shade
            continue
        x_min, y_min, x_max, y_max = thing.box.to_pixels(1280, 720)
        middle = picture.image[(y_min + y_max) // 2, (x_min + x_max) // 2].astype(int)
        assert np.abs(middle - COLORS[thing.color]).max() < 30, thing


@pytest.mark.parametrize("number", [20, 333, 1111, 5000])
def test_boxes_are_tight_around_the_pixels_of_their_objects(scene: Scene, number: int) -> None:
    picture = scene.render(number)
    depth = picture.depth()
    for thing in picture.things:
        if any(thing is not other and _meet(thing.box, other.box) for other in picture.things):
            continue
        x_min, y_min, x_max, y_max = thing.box.to_pixels(1280, 720)
        box = slice(y_min - 3, y_max + 3), slice(x_min - 3, x_max + 3)
        rows, columns = np.nonzero(depth[box] == thing.distance_mm)
        seen = (columns.min() - 3 + x_min, rows.min() - 3 + y_min, columns.max() - 2 + x_min, rows.max() - 2 + y_min)
        assert np.abs(np.subtract(seen, (x_min, y_min, x_max, y_max))).max() <= 1, thing


def test_class_numbers_match_the_objects(scene: Scene) -> None:
    picture = scene.render(20)
    numbers, depth = picture.numbers(), picture.depth()
    assert numbers.dtype == np.uint8 and numbers.shape == depth.shape
    assert np.array_equal(numbers > 0, depth < depth.max())
    for thing in picture.things:
        x_min, y_min, x_max, y_max = thing.box.to_pixels(1280, 720)
        inside = numbers[y_min:y_max, x_min:x_max]
        assert (inside == 1 + list(SHAPES).index(thing.label)).mean() > 0.3, thing


def _meet(one: BoundingBox, other: BoundingBox) -> bool:
    across = one.x_min < other.x_max and other.x_min < one.x_max
    return across and one.y_min < other.y_max and other.y_min < one.y_max


def test_boxes_match_the_colours_of_the_pixels(scene: Scene) -> None:
    picture = scene.render(20)
    triangle = next(thing for thing in picture.things if thing.label == "triangle")
    hue = cv2.cvtColor(picture.image, cv2.COLOR_BGR2HSV)
    green = (np.abs(hue[:, :, 0].astype(int) - 58) < 10) & (hue[:, :, 1] > 90) & (hue[:, :, 2] > 90)
    rows, columns = np.nonzero(green)
    seen = (columns.min(), rows.min(), columns.max() + 1, rows.max() + 1)
    assert triangle.color == "green"
    assert np.abs(np.subtract(seen, triangle.box.to_pixels(1280, 720))).max() <= 2


def test_one_object_is_in_front_until_the_next_takes_its_turn(scene: Scene) -> None:
    labels = []
    for turn in range(8):
        picture = scene.render(round((turn + 0.4) * TURN_S * scene.frame_rate))
        areas = sorted(thing.area for thing in picture.things)
        assert areas[-1] > 3 * areas[-2]
        assert picture.things[-1].label == picture.label
        labels.append(picture.label)
    assert labels[0] == "star" and sorted(labels) == sorted(SHAPES)


def test_motion_is_calm_even_when_the_front_changes(scene: Scene) -> None:
    first = round((TURN_S - CHANGE_S) * scene.frame_rate) - 3
    centers = [_centers(scene.render(number)) for number in range(first, first + 40)]
    steps = [
        max(np.hypot(*np.subtract(now[label], then[label])) for label in now)
        for then, now in itertools.pairwise(centers)
    ]
    assert max(steps) < 0.05  # of the picture, per frame


def _centers(picture: Picture) -> dict[str, tuple[float, float]]:
    return {
        thing.label: ((thing.box.x_min + thing.box.x_max) / 2, (thing.box.y_min + thing.box.y_max) / 2)
        for thing in picture.things
    }


def test_motion_is_the_same_at_every_frame_rate() -> None:
    slow, fast = Scene(0, 320, 180, 10).render(20), Scene(0, 320, 180, 60).render(120)
    assert slow.things == fast.things


@pytest.mark.parametrize("size", SIZES)
def test_pictures_of_any_size_show_all_objects_and_the_number(size: tuple[int, int]) -> None:
    width_px, height_px = size
    scene = Scene(3, width_px, height_px)
    for number in (0, 1, 12_345, (1 << 24) - 1):
        picture = scene.render(number)
        assert picture.image.shape == (height_px, width_px, 3)
        assert read_frame_number(picture.image) == number
        assert all(0 <= t.box.x_min < t.box.x_max <= 1 and 0 <= t.box.y_min < t.box.y_max <= 1 for t in picture.things)


def test_the_number_wraps_after_24_bits() -> None:
    assert read_frame_number(Scene(0, 160, 120).render((1 << 24) + 5).image) == 5


@pytest.mark.parametrize("size", [(160, 120), (320, 240), (1280, 720)])
def test_the_number_is_read_after_h264(size: tuple[int, int]) -> None:
    scene = Scene(0, *size)
    numbers = [9_000 + 17 * index for index in range(30)]
    got = [read_frame_number(image) for image in _through_h264([scene.render(number).image for number in numbers])]
    assert got == numbers


def _through_h264(images: list[Canvas]) -> list[Canvas]:
    """Encode as the server does, at a stingy bit rate."""
    height_px, width_px = images[0].shape[:2]
    encoder = av.CodecContext.create("libx264", "w")
    assert isinstance(encoder, av.VideoCodecContext)
    encoder.width, encoder.height, encoder.pix_fmt = width_px, height_px, "yuv420p"
    encoder.time_base, encoder.framerate = Fraction(1, 30), Fraction(30)
    encoder.bit_rate = max(150_000, width_px * height_px * 30 // 30)
    encoder.options = {"preset": "ultrafast", "tune": "zerolatency", "profile": "baseline"}
    decoder = av.CodecContext.create("h264", "r")
    assert isinstance(decoder, av.VideoCodecContext)
    packets = []
    for pts, image in enumerate(images):
        planes = cv2.cvtColor(image, cv2.COLOR_BGR2YUV_I420)
        frame = av.VideoFrame.from_ndarray(np.asarray(planes, np.uint8), "yuv420p")
        frame.pts = pts
        packets += encoder.encode(frame)
    packets += encoder.encode(None)
    frames = [frame for packet in packets for frame in decoder.decode(packet)] + decoder.decode(None)
    return [np.asarray(frame.to_ndarray(format="bgr24"), np.uint8) for frame in frames]


@pytest.mark.parametrize("size", [(640, 360), (320, 180), (854, 480), (200, 150)])
def test_the_number_is_read_after_a_resize(scene: Scene, size: tuple[int, int]) -> None:
    for number in (77, 123_456):
        assert read_frame_number(np.asarray(cv2.resize(scene.render(number).image, size), np.uint8)) == number


def test_a_picture_without_a_ribbon_has_no_number(scene: Scene) -> None:
    noise = np.random.default_rng(0).integers(0, 256, (50, 120, 160, 3), np.uint8)
    assert [read_frame_number(image) for image in noise] == [None] * 50
    assert read_frame_number(np.zeros((120, 160, 3), np.uint8)) is None
    assert read_frame_number(np.full((120, 160, 3), 255, np.uint8)) is None
    assert read_frame_number(np.zeros((4, 4, 3), np.uint8)) is None
    assert read_frame_number(scene.render(5).image[:-40]) is None


def test_a_wrong_cell_is_detected(scene: Scene) -> None:
    image = scene.render(5).image
    for cell in range(1, 31):
        spoilt = image.copy()
        spoilt[-8:, cell * 40 : cell * 40 + 40] = 255 - spoilt[-8:, cell * 40 : cell * 40 + 40]
        assert read_frame_number(spoilt) is None


def test_nearer_objects_have_smaller_depth(scene: Scene) -> None:
    picture = scene.render(20)
    depth = picture.depth()
    assert depth.shape == (720, 1280) and depth.dtype == np.uint16 and not depth.flags.writeable
    front = picture.things[-1]
    assert front.label == "star" and front.distance_mm == depth.min() < 1000
    assert depth[0, 0] == depth.max() == 4000


def painted_simply(placed: Placed, image: Canvas) -> None:
    """Paint an object as the formula says: a sprite is rotated, scaled and moved, then laid over the picture."""

    def lay(sprite: Sprite, offset: NDArray[np.float64], around_px: float) -> None:
        left, top = np.maximum(np.floor(placed.low + offset - around_px), 0).astype(int)
        right, bottom = np.ceil(placed.high + offset + around_px).astype(int)
        below = image[top : max(bottom, top + 1), left : max(right, left + 1)]
        scaled = placed.matrix / sprite.size_px
        middle = np.full(2, (sprite.image.shape[0] - 1) / 2)
        shift = placed.center + offset - np.array((left + 0.5, top + 0.5)) - scaled @ middle
        warped = np.asarray(
            cv2.warpAffine(sprite.image, np.column_stack((scaled, shift)), below.shape[1::-1]), np.int64
        )
        coverage = warped[..., None] if warped.ndim == 2 else warped[..., 3:]
        kept = np.rint(below * (255 - coverage) / 255)
        below[:] = kept if warped.ndim == 2 else np.minimum(kept + warped[..., :3], 255)

    size_px = placed.pose.size_px
    lay(placed.actor.shadow, np.array((0.025, 0.05)) * (size_px * (1 + placed.pose.nearness)), SHADOW_REACH * size_px)
    large_enough = [sprite for sprite in placed.actor.sprites if sprite.size_px >= size_px]
    lay(large_enough[-1] if large_enough else placed.actor.sprites[0], np.zeros(2), 1.0)


@pytest.mark.parametrize(
    ("seed", "width_px", "height_px", "frame_rate"),
    [(0, 640, 360, 30), (1, 1280, 720, 15), (7, 321, 243, 30), (3, 64, 64, 25), (9, 360, 640, 60), (4, 400, 64, 30)],
)
def test_every_pixel_is_as_the_formula_says(seed: int, width_px: int, height_px: int, frame_rate: float) -> None:
    scene = Scene(seed, width_px, height_px, frame_rate)
    for number in (0, 17, round(4.3 * frame_rate), round(4.6 * frame_rate), 4096, 100_001):
        picture = scene.render(number)
        expected = scene._backdrop.copy()
        for placed in picture._placed:
            painted_simply(placed, expected)
        draw_frame_number(expected, number)
        assert np.array_equal(picture.image, expected), number
