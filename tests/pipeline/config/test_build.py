"""Kinds that this program does not come with: declared, checked, built and run like its own."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from pathlib import Path
from typing import Any, ClassVar

import cv2
import numpy as np
import pytest

from cameras import Attributes, Camera, CameraEnded, Classification, Frame, Pixels, Prediction
from pipeline import BUILT_IN, Chain, Config, ConfigError, Graph, Tables, make_camera, make_services, parse, schema
from streams import annotate
from tests.fakes import FakeClock
from transforms import Transform
from vision import (
    Answer,
    Metadata,
    ModelError,
    ModelFile,
    Runtime,
    Session,
    Tensor,
    TensorInfo,
    VisionService,
)


class BarAttributes(Attributes):
    """What the YAML may say under ``model: bar``."""

    level: int = 0


class Bar(Camera[BarAttributes]):
    """A camera of grey pictures."""

    model_name: ClassVar[str] = "bar"
    attributes_type = BarAttributes

    def __init__(self, name: str, attributes: BarAttributes, *, paced: bool = True) -> None:
        super().__init__(name, attributes, paced=paced)
        self._given = 0

    def open(self) -> None:
        self._given = 0

    def read(self) -> Frame:
        if self._given == 3:
            raise CameraEnded
        self._given += 1
        image = np.full((16, 16, 3), self.attributes.level, np.uint8)
        return Frame(Pixels.from_bgr(image), self._given - 1, Fraction(1, 30), 0.0)

    def close(self) -> None:
        """Nothing is held."""


class Negative(Transform[Attributes]):
    """A transform that turns light and dark around."""

    type_name: ClassVar[str] = "negative"
    attributes_type = Attributes

    def apply(self, frame: Frame) -> Frame:
        return replace(frame, pixels=Pixels.from_bgr(255 - frame.image))


class Lamp(VisionService[Attributes]):
    """A vision service that says whether the light is on."""

    model_name: ClassVar[str] = "lamp"
    attributes_type = Attributes

    def _load(self) -> None:
        self.labels = ("on", "off")

    def _release(self) -> None:
        """Nothing is held."""

    def _answers(self) -> Mapping[type[Prediction], Answer]:
        return {Classification: self._classify}

    def _classify(self, frame: Frame, session: Session) -> tuple[Classification, ...]:
        with session.inference():
            return (Classification("on" if frame.image.mean() > 128 else "off", 1.0),)


class Mean(Runtime):
    """A runtime of models that are one number: above it a picture is light."""

    model_name: ClassVar[str] = "mean"
    suffixes = (".mean",)
    trusted = True
    inputs = (TensorInfo("input", (1, 4, 4, 3), np.dtype(np.uint8)),)
    outputs = (TensorInfo("probability", (1, 2), np.dtype(np.float32)),)
    metadata = Metadata(labels=("light", "dark"))

    def __init__(self, file: ModelFile, num_threads: int = 0, providers: Sequence[str] = ()) -> None:
        try:
            self._level = float(file.content)
        except ValueError as error:
            raise ModelError(f"{file.path}: is not a number") from error

    @classmethod
    def version(cls) -> str:
        return "mean-1"

    def infer(self, inputs: Mapping[str, Tensor]) -> dict[str, Tensor]:
        light = float(inputs["input"].mean() > self._level)
        return {"probability": np.array([[light, 1 - light]], np.float32)}

    def close(self) -> None:
        """Nothing is held."""


KINDS = Tables(
    cameras={**BUILT_IN.cameras, "bar": Bar},
    camera_aliases=BUILT_IN.camera_aliases,
    transforms={**BUILT_IN.transforms, "negative": Negative},
    transform_aliases=BUILT_IN.transform_aliases,
    vision={**BUILT_IN.vision, "lamp": Lamp},
    runtimes={**BUILT_IN.runtimes, "mean": Mean},
    predictions=BUILT_IN.predictions,
)

TEXT = """
cameras:
  - {name: dark, model: bar, attributes: {level: 20}}
  - name: named
    model: transform
    attributes:
      source: dark
      pipeline:
        - {type: negative}
        - {type: classifications, attributes: {classifier_name: lamp}}
        - {type: classifications, attributes: {classifier_name: declared}}
        - {type: classifications, attributes: {classifier_name: in-place}}
services:
  - {name: lamp, type: vision, model: lamp}
  - {name: half, type: mlmodel, model: mean, attributes: {model_path: half.mean}}
  - {name: alone, type: mlmodel, model: mean, attributes: {model_path: half.mean}}
  - {name: declared, type: vision, model: mlmodel, attributes: {mlmodel_name: half}}
  - {name: in-place, type: vision, model: mlmodel, attributes: {model_path: half.mean}}
"""
SEEN = [("on", 1.0), ("light", 1.0), ("light", 1.0)]


@pytest.fixture
def config(tmp_path: Path) -> Config:
    (tmp_path / "half.mean").write_text("128")
    return parse(TEXT, "test.yaml", tmp_path, tables=KINDS)


def seen(frame: Frame) -> list[tuple[str, float]]:
    return [(each.label, each.confidence) for each in frame.annotations if isinstance(each, Classification)]


def test_foreign_kinds_run_in_a_graph(config: Config) -> None:
    graph = Graph(config, clock=FakeClock())
    try:
        graph.open()
        with graph.feeds["named"].watch() as watch:
            frame = watch.get(timeout_s=10)
    finally:
        graph.close()
    assert frame.image.min() == 235
    assert seen(frame) == SEEN


def test_foreign_kinds_run_in_a_chain(config: Config) -> None:
    chain = Chain(config, "named")
    source = make_camera(chain.root, config.tables, paced=False)
    source.open()
    chain.open()
    frame = chain.apply(source.read())
    chain.close()
    source.close()
    assert frame.image.min() == 235
    assert seen(frame) == SEEN


def test_foreign_kinds_annotate_a_file(config: Config, tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "black.png"), np.zeros((16, 16, 3), np.uint8))
    assert annotate(config, "named", tmp_path / "black.png", tmp_path / "white.png", lines=tmp_path / "lines") == 1
    written = cv2.imread(str(tmp_path / "white.png"))
    assert written is not None
    assert written.max() == 255
    assert '"light"' in (tmp_path / "lines").read_text()


def test_a_foreign_service_is_asked_by_itself(config: Config) -> None:
    with make_services(config)["lamp"].open_session() as session:
        assert session.ask(Classification, make_frame(200)) == (Classification("on", 1.0),)


def test_a_foreign_model_that_cannot_be_used_is_reported_with_its_place(config: Config, tmp_path: Path) -> None:
    (tmp_path / "half.mean").write_text("half")
    graph = Graph(config, clock=FakeClock())
    with pytest.raises(ConfigError) as raised:
        graph.open()
    graph.close()
    assert [problem.line for problem in raised.value.problems] == [15, 16, 18]


def test_a_foreign_kind_is_in_the_schema_of_its_tables() -> None:
    assert {"bar", "negative", "lamp", "mean"} <= set(words(schema(KINDS)))
    assert not {"bar", "negative", "lamp", "mean"} & set(words(schema()))


def make_frame(level: int) -> Frame:
    return Frame(Pixels.from_bgr(np.full((8, 8, 3), level, np.uint8)), 0, Fraction(1, 30), 0.0)


def words(found: Any) -> list[str]:
    """Return every text inside a JSON value."""
    if isinstance(found, dict):
        return [word for value in found.values() for word in words(value)]
    if isinstance(found, list):
        return [word for value in found for word in words(value)]
    return [found] if isinstance(found, str) else []
