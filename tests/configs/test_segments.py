"""The segmenter that comes with the program, on scenes it has not seen, through the configuration that shows it."""

from __future__ import annotations

from contextlib import closing
from fractions import Fraction
from pathlib import Path

import cv2
import numpy as np

from cameras import Frame, Pixels, Segmentation
from cameras.pattern.scene import Scene
from cameras.pattern.shapes import SHAPES
from pipeline import Chain, Graph, load

CONFIG = Path(__file__).parents[2] / "configs" / "segments.yaml"


def test_whoever_asks_the_background_is_no_thing() -> None:
    with Graph(load(CONFIG)).services["shape-masks"].open_session() as session:
        for number in range(0, 300, 60):
            picture = Scene(0, 640, 360).render(number)
            frame = Frame(Pixels.from_bgr(picture.image.copy()), number, Fraction(1, 30), 0.0)
            assert {found.label for found in session.predict(Segmentation, frame)} == set(SHAPES)


def test_most_pixels_of_every_shape_are_in_its_mask_and_few_others() -> None:
    shared, either = dict.fromkeys(SHAPES, 0), dict.fromkeys(SHAPES, 0)
    with closing(Chain(load(CONFIG), "segmented")) as chain:
        chain.open()
        for seed in range(4):
            scene = Scene(seed, 640, 360)
            for number in range(0, 3000, 500):
                picture = scene.render(number)
                (frame,) = chain.apply(Frame(Pixels.from_bgr(picture.image.copy()), number, Fraction(1, 30), 0.0))
                masks = {found.label: found.mask for found in frame.annotations if isinstance(found, Segmentation)}
                assert set(masks) <= set(SHAPES)
                for index, label in enumerate(SHAPES):
                    wanted = picture.numbers() == index + 1
                    mask = masks.get(label, np.zeros((1, 1), np.uint8))
                    found = cv2.resize(mask, (640, 360), interpolation=cv2.INTER_LINEAR) > 127
                    shared[label] += int((wanted & found).sum())
                    either[label] += int((wanted | found).sum())
    overlap = {label: shared[label] / either[label] for label in SHAPES}
    assert min(overlap.values()) > 0.8, overlap
