"""The shipped captioner: its form, its figures on scenes it has not seen, and the service that runs it."""

import json
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from cameras import Caption, Frame, Pixels
from cameras.pattern.scene import Picture, Scene
from configs.training.captions import WORDS, caption, is_true
from configs.training.measure import unseen
from configs.training.measure_captioner import DECODER, ENCODER, FIGURES, VOCABULARY, Captioner, measured
from pipeline import Chain, load
from tests.shared import DATA, needs_data
from vision import Captioner as CaptionerService
from vision import CaptionerAttributes, Session

CONFIG = Path(__file__).parents[2] / "configs" / "captions.yaml"


@cache
def sample() -> tuple[Picture, ...]:
    """A hundred and twenty pictures of twenty scenes."""
    return tuple(unseen(20, 6))


@pytest.fixture(scope="module")
def captioner() -> Captioner:
    return Captioner()


@pytest.fixture
def session() -> Iterator[Session]:
    attributes = CaptionerAttributes(model_path=ENCODER, decoder_path=DECODER, tokenizer_path=VOCABULARY)
    with CaptionerService("describer", attributes).open_session() as opened:
        yield opened


def shown(image: np.ndarray) -> Frame:
    return Frame(Pixels.from_bgr(image.copy()), 0, Fraction(1, 30), 0.0)


def test_both_halves_together_are_under_one_megabyte() -> None:
    assert ENCODER.stat().st_size + DECODER.stat().st_size < 1_000_000


def test_the_words_are_beside_the_model() -> None:
    assert tuple(VOCABULARY.read_text().split()) == WORDS


def test_it_says_what_is_true_of_unseen_scenes(captioner: Captioner) -> None:
    said = [captioner.write(picture.image) for picture in sample()]
    true = [is_true(sentence, picture.things) for sentence, picture in zip(said, sample(), strict=True)]
    exact = [sentence == caption(picture.things)[0] for sentence, picture in zip(said, sample(), strict=True)]
    assert np.mean(true) >= 0.95
    assert np.mean(exact) >= 0.88


def test_the_service_says_the_same_and_is_surer_where_it_is_right(captioner: Captioner, session: Session) -> None:
    right: list[float] = []
    wrong: list[float] = []
    same = 0
    for picture in sample():
        (written,) = session.predict(Caption, shown(picture.image))
        same += written.label == captioner.write(picture.image)
        (right if is_true(written.label, picture.things) else wrong).append(written.confidence)
    assert same >= 0.97 * len(sample())
    assert np.mean(right) > 0.95
    assert not wrong or np.mean(right) > np.mean(wrong)


@pytest.mark.parametrize("level", [0, 90, 255])
def test_of_an_empty_picture_it_says_that_it_knows_nothing_in_it(session: Session, level: int) -> None:
    (written,) = session.predict(Caption, shown(np.full((480, 640, 3), level, np.uint8)))
    assert written.label == "nothing known"


@needs_data
def test_photographs_of_other_things_are_nothing_that_it_knows(session: Session) -> None:
    paths = sorted((DATA / "images").glob("*.jpg"))
    said = [session.predict(Caption, shown(np.asarray(cv2.imread(str(path)), np.uint8)))[0].label for path in paths]
    assert len(said) >= 10
    assert said.count("nothing known") >= 0.8 * len(said)


def test_the_demo_is_described_truly() -> None:
    scene = Scene(0, 1280, 720)
    with closing(Chain(load(CONFIG), "scene-described")) as chain:
        chain.open()
        for number in (0, 60, 160):
            picture = scene.render(number)
            (written,) = chain.apply(shown(picture.image))[0].annotations
            assert isinstance(written, Caption)
            assert is_true(written.label, picture.things)
            assert (written.transform, written.service) == ("captions", "describer")


def test_the_figures_are_those_of_the_files_that_are_there() -> None:
    figures = json.loads(FIGURES.read_text())
    assert figures["bytes"] == ENCODER.stat().st_size + DECODER.stat().st_size
    assert set(measured(1)) == set(figures)
