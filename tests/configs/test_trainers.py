"""What trains and measures the models takes the same words everywhere; training itself needs TensorFlow and minutes."""

import json
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

from configs.training import export_onnx, train, train_captioner, train_segmenter
from configs.training.measure_segmenter import FIGURES, SEGMENTER, measured
from configs.training.options import MODELS

MAKEFILE = Path(__file__).parents[2] / "Makefile"
TRAINERS = {
    train: {"classifier", "detector"},
    export_onnx: {"detector"},
    train_segmenter: {"segmenter"},
    train_captioner: {"captioner"},
}


@pytest.fixture(params=TRAINERS, ids=lambda module: module.__name__.rsplit(".", 1)[-1])
def trainer(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> ModuleType:
    """Give a module that writes its figures elsewhere, and in which no model can be made."""
    module: ModuleType = request.param
    monkeypatch.setattr(module, "measured", lambda scenes: {"scenes": scenes})
    for name in ("made_pictures", "train", "exported"):
        monkeypatch.setattr(module, name, None, raising=False)
    if hasattr(module, "FIGURES"):
        monkeypatch.setattr(module, "FIGURES", tmp_path / "figures.json")
    else:
        monkeypatch.setattr(module, "MODELS", tmp_path)
    return module


def run(trainer: ModuleType, monkeypatch: pytest.MonkeyPatch, *words: str) -> None:
    monkeypatch.setattr(sys, "argv", ["trainer", *words])
    trainer.main()


def test_asked_to_measure_nothing_is_trained(
    trainer: ModuleType, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run(trainer, monkeypatch, "--evaluate", "--scenes", "3", "--chunks", "1", "--epochs", "1")
    assert json.loads((tmp_path / "figures.json").read_text()) == {"scenes": 3}


@pytest.mark.parametrize("model", MODELS)
def test_a_trainer_does_nothing_for_a_model_of_another(
    trainer: ModuleType, model: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    run(trainer, monkeypatch, "--evaluate", "--only", model)
    assert (tmp_path / "figures.json").exists() == (model in TRAINERS[trainer])


def test_make_hands_its_words_to_every_trainer() -> None:
    recipe = re.search(r"^train:.*\n((?:\t.*\n)+)", MAKEFILE.read_text(), re.MULTILINE)
    assert recipe
    called = re.findall(r"-m (\S+) \$\(ARGS\)$", recipe[1], re.MULTILINE)
    assert called == [module.__name__ for module in TRAINERS]
    assert len(called) == recipe[1].count("\n")


def test_the_figures_of_the_segmenter_are_those_of_the_file_that_is_there() -> None:
    figures = json.loads(FIGURES.read_text())
    assert figures["bytes"] == SEGMENTER.stat().st_size
    assert set(measured(1)) == set(figures)
