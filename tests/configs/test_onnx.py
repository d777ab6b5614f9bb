"""The detector in ONNX: made of the TFLite file, saying the same, shown by its configuration."""

import json
import sys
from collections.abc import Iterator
from contextlib import closing
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from cameras import BoundingBox, Detection, Frame, Pixels
from cameras.pattern.scene import Picture, Scene
from configs.training.export_onnx import exported
from configs.training.measure import LABELS, Found, Model, map50, unseen
from configs.training.measure_onnx import FIGURES, ORIGINAL, TWIN, Twin, compared, measured, pairs
from configs.training.tflite_to_onnx import Translation
from pipeline import Chain, load
from server.cli import cli
from vision.outputs.heads.evidence import Evidence
from vision.outputs.heads.table import find_head
from vision.runtimes import Metadata, onnx

CONFIGS = Path(__file__).parents[2] / "configs"


@cache
def sample() -> tuple[Picture, ...]:
    """Sixty pictures of ten scenes."""
    return tuple(unseen(10, 6))


@pytest.fixture(scope="module")
def original() -> Model:
    return Model(ORIGINAL)


@pytest.fixture(scope="module")
def twin() -> Iterator[Twin]:
    with closing(Twin()) as opened:
        yield opened


def test_the_file_is_the_one_that_the_exporter_makes() -> None:
    assert TWIN.read_bytes() == exported(ORIGINAL)
    assert TWIN.stat().st_size < 400_000


def test_it_takes_and_gives_what_its_readme_says(twin: Twin) -> None:
    assert twin.inputs == [("image", (1, 192, 192, 3), "uint8")]
    assert twin.outputs == [("detections", (1, 20, 6), "float32")]
    assert twin.labels == LABELS


def test_its_head_is_guessed(twin: Twin) -> None:
    shapes = {name: shape for name, shape, _ in twin.outputs}
    metadata = Metadata(properties={"names": str(dict(enumerate(LABELS)))})
    guessed = find_head(None, Evidence(shapes, (192, 192), len(LABELS), metadata=metadata))
    assert guessed is not None and guessed[0].name == "yolov10"


def test_with_whole_weights_it_computes_what_the_original_does(original: Model, tmp_path: Path) -> None:
    path = tmp_path / "whole.onnx"
    path.write_bytes(exported(ORIGINAL, in_bytes=False))
    with closing(Twin(path)) as whole:
        for picture in sample()[:12]:
            location, category, score, _ = original.run(picture.image)
            rows = whole.run(picture.image)
            assert np.allclose(rows[:, 4], score, atol=1e-4)
            likely = score >= 0.1  # what is nearly nothing may change places
            assert np.array_equal(rows[likely, 5], category[likely])
            assert np.allclose(rows[likely, :4], location[likely][:, [1, 0, 3, 2]], atol=1e-4)


def test_with_weights_in_bytes_it_finds_the_same(original: Model, twin: Twin) -> None:
    agreement = compared(original, twin, sample())
    assert agreement["same"] >= 0.98
    assert agreement["mean"] <= 0.01 and agreement["most"] <= 0.1


def test_it_finds_the_things_of_unseen_scenes(twin: Twin) -> None:
    precision, by_label = map50(twin, sample())
    assert precision >= 0.95, by_label


def test_the_configuration_shows_what_the_demo_shows() -> None:
    for number in (0, 60, 160):
        image = Scene(0, 1280, 720).render(number).image
        original, twin = (detected(CONFIGS / name, image) for name in ("demo.yaml", "onnx.yaml"))
        assert len(original) == len(twin) == len(pairs(original, twin)) >= 7


def detected(config: Path, image: np.ndarray) -> list[Found]:
    with closing(Chain(load(config), "scene-detected")) as chain:
        chain.open()
        (frame,) = chain.apply(Frame(Pixels.from_bgr(image.copy()), 0, Fraction(1, 30), 0.0))
        found = [annotation for annotation in frame.annotations if isinstance(annotation, Detection)]
    return [Found(0, detection.label, detection.confidence, detection.box) for detection in found]


def test_where_the_extra_is_missing_a_check_says_how_to_get_it(monkeypatch: pytest.MonkeyPatch) -> None:
    config = CONFIGS / "onnx.yaml"
    onnx._library.cache_clear()
    with monkeypatch.context() as patch:
        patch.setitem(sys.modules, "onnxruntime", None)
        result = CliRunner().invoke(cli, ["check", str(config)])
    onnx._library.cache_clear()
    assert (result.exit_code, result.stdout) == (2, "")
    assert result.stderr.startswith(f"{config}:") and result.stderr.count("\n") == 1
    assert "ONNX Runtime is not installed; `pip install camweave[onnx]`" in result.stderr
    assert CliRunner().invoke(cli, ["check", str(config)]).stdout == "OK\n"


def test_a_step_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValueError, match="^MEAN is not translated$"):
        Translation(ORIGINAL.with_name("shapes_classifier.tflite"), ("probability",), in_bytes=True)


def test_detections_are_the_same_where_label_and_box_are() -> None:
    def found(label: str, x: float) -> Found:
        return Found(0, label, 0.9, BoundingBox(x, 0.0, x + 0.5, 1.0))

    star, near, far, mug = found("star", 0.0), found("star", 0.02), found("star", 0.3), found("mug", 0.0)
    assert pairs([star, far], [mug, far, near]) == [(star, near), (far, far)]
    assert pairs([star, star], [near]) == [(star, near)]
    assert pairs([star], [mug]) == []


def test_the_figures_are_those_of_the_file_that_is_there() -> None:
    figures = json.loads(FIGURES.read_text())
    assert figures["bytes"] == TWIN.stat().st_size
    assert set(measured(1)) == set(figures)
