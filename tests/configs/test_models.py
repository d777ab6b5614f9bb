"""The shipped models: their form, their figures on scenes they have not seen, and what they say to a webcam."""

import zipfile
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from cameras import BoundingBox
from cameras.pattern.scene import Picture, Scene
from cameras.pattern.shapes import SHAPES, Canvas
from configs.training.measure import LABELS, SIZE, Model, map50, overlap, top1, unseen
from tests.shared import DATA, needs_data

MODELS = Path(__file__).parents[2] / "configs" / "models"
CLASSIFIER, DETECTOR = MODELS / "shapes_classifier.tflite", MODELS / "shapes_detector.tflite"
THRESHOLD = 0.5  # of the demo


@pytest.fixture(scope="module")
def classifier() -> Model:
    return Model(CLASSIFIER)


@pytest.fixture(scope="module")
def detector() -> Model:
    return Model(DETECTOR)


@cache
def sample() -> tuple[Picture, ...]:
    """A hundred and twenty pictures of twenty scenes."""
    return tuple(unseen(20, 6))


def test_both_files_together_are_under_one_megabyte() -> None:
    assert CLASSIFIER.stat().st_size + DETECTOR.stat().st_size < 1_000_000


def test_the_classifier_has_plain_tensors(classifier: Model) -> None:
    assert classifier.inputs == [("image", (1, 96, 96, 3), "uint8")]
    assert classifier.outputs == [("probability", (1, 8), "float32")]


def test_the_detector_has_the_four_tensors_of_detectors(detector: Model) -> None:
    assert detector.inputs == [("image", (1, 192, 192, 3), "uint8")]
    assert detector.outputs == [
        ("location", (1, 20, 4), "float32"),
        ("category", (1, 20), "float32"),
        ("score", (1, 20), "float32"),
        ("count", (1,), "float32"),
    ]


@pytest.mark.parametrize("path", [CLASSIFIER, DETECTOR], ids=["classifier", "detector"])
def test_the_labels_are_beside_the_models_and_in_them(path: Path) -> None:
    assert (MODELS / "shapes.txt").read_text().split() == list(LABELS) == list(SHAPES)
    with zipfile.ZipFile(path) as packed:
        assert packed.namelist() == ["labels.txt"]
        assert packed.read("labels.txt").decode().split() == list(LABELS)


def test_the_classifier_names_the_largest_thing_of_unseen_scenes(classifier: Model) -> None:
    assert top1(classifier, sample()) >= 0.98


def test_the_detector_finds_the_things_of_unseen_scenes(detector: Model) -> None:
    precision, by_label = map50(detector, sample())
    assert precision >= 0.95, by_label


def test_the_detector_says_each_thing_once_and_little_else(detector: Model) -> None:
    wrong = sum(len(list(sure(detector, picture.image))) != len(picture.things) for picture in sample())
    assert wrong <= 0.1 * len(sample())


def test_detections_are_sorted_counted_and_inside_the_picture(detector: Model) -> None:
    location, category, score, count = detector.run(sample()[0].image)
    assert np.all(np.diff(score) <= 0) and 8 <= count <= 20
    assert np.all((location >= 0) & (location <= 1)) and set(category.astype(int)) <= set(range(8))


def test_the_demo_sees_its_star_from_the_first_picture_on(classifier: Model, detector: Model) -> None:
    picture = Scene(0, *SIZE).render(0)
    star = next(thing for thing in picture.things if thing.label == "star")
    probabilities = classifier.run(picture.image)[0]
    assert LABELS[int(probabilities.argmax())] == "star" and probabilities.max() > 0.9
    assert any(label == "star" and overlap(box, star.box) > 0.7 for label, box in sure(detector, picture.image))


def sure(detector: Model, image: Canvas) -> Iterator[tuple[str, BoundingBox]]:
    return ((found.label, found.box) for found in detector.found(image) if found.score >= THRESHOLD)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_an_empty_picture_has_no_label_and_no_box(classifier: Model, detector: Model, level: int) -> None:
    image = np.full((480, 640, 3), level, np.uint8)
    assert classifier.run(image)[0].max() < THRESHOLD
    assert list(sure(detector, image)) == []


def photographs() -> list[Canvas]:
    paths = sorted(
        path for path in (DATA / "images").iterdir() if path.suffix in (".jpg", ".bmp") and "_mask" not in path.name
    )
    return [np.asarray(cv2.imread(str(path)), np.uint8) for path in paths]


@needs_data
def test_photographs_of_other_things_are_mostly_met_with_silence(classifier: Model, detector: Model) -> None:
    images = photographs()
    assert len(images) >= 15
    assert sum(float(classifier.run(image)[0].max()) >= THRESHOLD for image in images) <= len(images) // 5
    assert sum(len(list(sure(detector, image))) for image in images) <= len(images) // 2


@needs_data
def test_a_star_on_paper_held_before_a_photograph_is_recognised(classifier: Model, detector: Model) -> None:
    named, boxed, images = 0, 0, [held_up(image, seed) for seed, image in enumerate(photographs())]
    for image, box in images:
        named += LABELS[int(classifier.run(image)[0].argmax())] == "star"
        boxed += any(label == "star" and overlap(found, box) > 0.5 for label, found in sure(detector, image))
    assert named >= len(images) * 2 / 3 and boxed >= len(images) * 4 / 5


def held_up(photograph: Canvas, seed: int) -> tuple[Canvas, BoundingBox]:
    """Return a photograph before which somebody holds a sheet with a star on it, slanted, in uneven light."""
    random = np.random.default_rng(seed)
    image = np.asarray(cv2.resize(photograph, (640, 480)), np.float32)
    angles = np.radians(-90 + 36 * np.arange(10))
    star = np.stack([np.cos(angles), np.sin(angles)], axis=1) * np.where(np.arange(10) % 2 == 0, 1.0, 0.42)[:, None]
    sheet = np.array([(-1.2, -1.6), (1.2, -1.6), (1.2, 1.6), (-1.2, 1.6)])
    turn, slant = random.uniform(-0.4, 0.4), random.uniform(-0.12, 0.12, 2)
    body = np.array([[np.cos(turn), -np.sin(turn)], [np.sin(turn), np.cos(turn)]]) * random.uniform(75, 120)
    middle = random.uniform((260, 200), (380, 280))
    paper, ink = (points @ body.T / (1 + points @ slant)[:, None] + middle for points in (sheet, star))
    for points, color in ((paper, (235, 240, 242)), (ink, random.uniform(10, 150, 3))):
        cv2.fillPoly(image, [(points * 16).astype(np.int32)], tuple(map(float, color)), cv2.LINE_8, 4)
    light = np.linspace(random.uniform(0.6, 1.0), random.uniform(0.6, 1.0), 640)[None, :, None]
    seen = cv2.GaussianBlur(image * light, (0, 0), 1.2) + random.normal(0, 5, image.shape)
    (x_min, y_min), (x_max, y_max) = ink.min(axis=0) / (640, 480), ink.max(axis=0) / (640, 480)
    return np.clip(seen, 0, 255).astype(np.uint8), BoundingBox(x_min, y_min, x_max, y_max)
