"""Kinds that this program does not come with: a camera, a transform, a vision service and a runtime."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from fractions import Fraction
from typing import ClassVar

import numpy as np

from cameras import Attributes, Camera, CameraEnded, Classification, Frame, Pixels, Prediction
from pipeline import BUILT_IN, Tables
from transforms import Transform
from vision import Metadata, ModelError, ModelFile, Predictor, Runtime, Session, Tensor, TensorInfo, VisionService


class BarAttributes(Attributes):
    """Attributes of ``model: bar`` in the YAML."""

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

    def _predictors(self) -> Mapping[type[Prediction], Predictor]:
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
    producers=BUILT_IN.producers,
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
