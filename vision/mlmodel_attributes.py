"""What the YAML may say of a vision service on a model file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator

from cameras import LocalPath

from .picture_model_attributes import PictureModelAttributes
from .runtime import missing_files


class MlModelAttributes(PictureModelAttributes):
    """What the YAML may say under ``attributes`` of ``model: mlmodel``."""

    label_path: LocalPath | None = Field(
        None, description="Text file with one label per line; without it, the labels packed in the model file."
    )
    remap_input_names: dict[str, Literal["image"]] = Field(
        {}, description="Expected name of an input, by its name in the model."
    )
    remap_output_names: dict[str, Literal["probability", "location", "category", "score", "count"]] = Field(
        {}, description="Expected names of outputs, by their names in the model."
    )
    xmin_ymin_xmax_ymax_order: tuple[int, ...] | None = Field(
        None,
        strict=False,
        description="What each position of a box holds: 0 x_min, 1 y_min, 2 x_max, 3 y_max. Without it as the model "
        "file says, else [1, 0, 3, 2].",
    )
    input_image_bgr: bool | None = Field(
        None,
        description="The model takes blue first; mean and std then apply in that order. Without it as its head wants, "
        "else red first.",
    )
    input_fit: Literal["stretch", "letterbox"] | None = Field(
        None,
        description="How the picture fills the input: stretched, or in its shape between bars. Without it as its head "
        "wants, else stretched.",
    )
    head: (
        Literal[
            "none",
            "blazeface",
            "fastestdet",
            "ssd_anchors",
            "ultraface",
            "yolov5",
            "yolov8",
            "yolov10",
            "yolox",
        ]
        | None
    ) = Field(
        None,
        description="How boxes are computed from a detector's raw outputs. Without it guessed where their shapes leave "
        "no doubt; none takes them as they are.",
    )
    iou_threshold: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Of boxes with one label whose intersection over union is larger, the most confident stays; 1 "
        "keeps all. Without it as the head's makers have it; without a head all are kept.",
    )
    max_detections: int | None = Field(
        None, ge=1, le=1000, description="Most boxes passed on. Without it 100 from a head, else all."
    )
    label_confidences: dict[str, Annotated[float, Field(ge=0, le=1)]] = Field(
        {}, description="Lowest confidence by label, in any letter case; other labels have the default."
    )

    @field_validator("xmin_ymin_xmax_ymax_order")
    @classmethod
    def _order(cls, value: tuple[int, ...] | None) -> tuple[int, ...] | None:
        if value is not None and sorted(value) != [0, 1, 2, 3]:
            raise ValueError(f"must hold 0, 1, 2 and 3, each once, got {list(value)}")
        return value

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Give the files that are not there."""
        yield from missing_files(model_path=self.model_path, label_path=self.label_path)
