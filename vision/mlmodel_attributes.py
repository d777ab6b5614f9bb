"""The attributes of ``model: mlmodel``: what a user declares of a model."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

from pydantic import Field, field_validator

from cameras import LocalPath

from .model_service import PictureModelAttributes
from .runtimes import missing_files


class MlModelAttributes(PictureModelAttributes):
    """Attributes of ``model: mlmodel`` in the YAML."""

    label_path: LocalPath | None = Field(
        None, description="File with the labels, such as one per line; default: the labels packed in the model file."
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
        description="The side at each position of a box: 0 x_min, 1 y_min, 2 x_max, 3 y_max; default: as in the model "
        "file, else [1, 0, 3, 2].",
    )
    input_image_bgr: bool | None = Field(
        None,
        description="The model takes BGR; mean and std then apply in that order. Default: as its head needs, else RGB.",
    )
    input_fit: Literal["stretch", "letterbox"] | None = Field(
        None,
        description="How the picture fills the input: stretched, or letterboxed to keep its aspect ratio. Default: as "
        "its head needs, else stretched.",
    )
    head: (
        Literal[
            "none",
            "ssd",
            "blazeface",
            "custom_vision",
            "detr",
            "dfine",
            "efficientdet",
            "fastestdet",
            "fomo",
            "mediapipe",
            "mmdet",
            "movenet",
            "rfdetr",
            "rtdetr",
            "rtmo",
            "ssd_anchors",
            "tf2_od",
            "torchvision",
            "ultraface",
            "yolo11",
            "yolo26",
            "yolo26_pose",
            "yolo_nas",
            "yolo_pose",
            "yolos",
            "yolov10",
            "yolov2",
            "yolov4",
            "yolov5",
            "yolov7",
            "yolov7_e2e",
            "yolov8",
            "yolox",
            "yunet",
        ]
        | None
    ) = Field(
        None,
        description="Decoder for the outputs of a detector. Default: inferred where the model leaves no doubt; ssd is "
        "for finished boxes, none uses the outputs unchanged.",
    )
    kind: Literal["classifications", "detections", "segmentations", "keypoints"] | None = Field(
        None, description="The kind of results that the model gives. Default: inferred where the model leaves no doubt."
    )
    activation: Literal["auto", "softmax", "sigmoid", "none"] = Field(
        "auto",
        description="What turns the scores into probabilities; auto judges by their values. A classifier for which "
        "several labels can be true at once needs sigmoid.",
    )
    input_size_px: tuple[Annotated[int, Field(ge=1, le=8192)], Annotated[int, Field(ge=1, le=8192)]] | None = Field(
        None,
        strict=False,
        description="Width and height of the input, for a model that accepts any. Default: as in the model file, else "
        "the head's, else the picture's.",
    )
    iou_threshold: float | None = Field(
        None,
        ge=0,
        le=1,
        description="Of boxes with the same label and a larger intersection over union, only the most confident stays; "
        "1 keeps all. Default: the head's own; without a head, 0.45 if there is a score per label, else all are kept.",
    )
    max_detections: int | None = Field(
        None, ge=1, le=1000, description="Most boxes returned. Default: 100 with a head, else all."
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
        """Yield an error for each missing file."""
        yield from missing_files(model_path=self.model_path, label_path=self.label_path)
