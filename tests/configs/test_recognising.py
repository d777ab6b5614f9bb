"""The configurations that show vision services which need no model of somebody else: what they see in their scene."""

from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from pathlib import Path

from cameras import Detection, Frame, Pixels
from cameras.pattern.scene import Picture, Scene
from configs.training.measure import overlap
from pipeline import Chain, load

CONFIGS = Path(__file__).parents[2] / "configs"


def seen(name: str, camera: str, *numbers: int) -> Iterator[tuple[Picture, Frame]]:
    """Give pictures of the demo's scene and what a camera makes of them."""
    scene = Scene(0, 1280, 720)
    with closing(Chain(load(CONFIGS / name), camera)) as chain:
        chain.open()
        for number in numbers:
            picture = scene.render(number)
            frame = Frame(Pixels.from_bgr(picture.image.copy()), number, Fraction(1, 30), number / 30, number)
            yield picture, chain.apply(frame)[0]


def found(frame: Frame) -> list[Detection]:
    return [annotation for annotation in frame.annotations if isinstance(annotation, Detection)]


def test_the_red_thing_is_found_by_its_colour() -> None:
    for picture, frame in seen("colors.yaml", "scene-red", 0, 40, 1000):
        (red,) = [thing for thing in picture.things if thing.color == "red"]
        (detection,) = found(frame)
        assert (detection.label, detection.confidence, detection.service) == ("red thing", 1.0, "red-things")
        assert overlap(detection.box, red.box) > 0.85


def test_what_moves_is_found_and_nothing_else() -> None:
    first, *later = seen("motion.yaml", "scene-moving", 0, 20, 40, 60)
    assert found(first[1]) == []
    for picture, frame in later:
        for thing in picture.things:
            assert any(overlap(detection.box, thing.box) > 0.05 for detection in found(frame)), thing
        for detection in found(frame):
            assert any(overlap(detection.box, thing.box) > 0.05 for thing in picture.things), detection
        assert {detection.label for detection in found(frame)} == {"motion"}


def test_of_what_was_blacked_out_no_color_is_found_further_on() -> None:
    for picture, frame in seen("privacy.yaml", "black-then-seen", 0, 48, 400):
        warm = {
            thing.label for thing in picture.things if any(overlap(thing.box, box.box) > 0.5 for box in found(frame))
        }
        assert warm == {"star", "cross", "moon"}, "and the heart is pink"
        (heart,) = [thing for thing in picture.things if thing.label == "heart"]
        x_min, y_min, x_max, y_max = heart.box.to_pixels(frame.width, frame.height)
        assert frame.image[(y_min + y_max) // 2, (x_min + x_max) // 2].max() <= 1
