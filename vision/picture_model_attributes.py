"""What the YAML may say of every vision service that shows a model pictures."""

from __future__ import annotations

import math
from typing import Self

from pydantic import Field, field_validator, model_validator

from cameras import Attributes, LocalPath


class PictureModelAttributes(Attributes):
    """Which model it is, how a picture becomes its input, and what every such service has besides."""

    mlmodel_name: str | None = Field(None, description="Name of the declared model (type: mlmodel) to run.")
    model_path: LocalPath | None = Field(None, description="The model file, in place of mlmodel_name.")
    num_threads: int | None = Field(
        None, le=64, description="With model_path: threads of one inference; 0 or less leaves it to the library."
    )
    input_image_mean_value: tuple[float, ...] | None = Field(
        None,
        strict=False,
        description="Per channel, subtracted from value / 255. Without it as the model file says, else 0.5. Not for "
        "uint8 models, which take pixels as they are.",
    )
    input_image_std_dev: tuple[float, ...] | None = Field(
        None,
        strict=False,
        description="Per channel, divided by after that. Without it as the model file says, else as its head wants, "
        "else 0.5.",
    )
    default_minimum_confidence: float = Field(0.0, ge=0, le=1, description="Lowest confidence passed on.")
    camera_name: str | None = Field(None, description="Camera to look at when a client names none.")

    @field_validator("input_image_mean_value", "input_image_std_dev")
    @classmethod
    def _channels(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None and (len(value) < 3 or not all(map(math.isfinite, value))):
            raise ValueError(f"must be 3 numbers, one per channel, got {list(value)}")
        return value

    @field_validator("input_image_std_dev")
    @classmethod
    def _divisors(cls, value: tuple[float, ...] | None) -> tuple[float, ...] | None:
        if value is not None and 0 in value:
            raise ValueError(f"must not hold a 0, got {list(value)}")
        return value

    @model_validator(mode="after")
    def _one_model(self) -> Self:
        if (self.mlmodel_name is None) == (self.model_path is None):
            raise ValueError("either mlmodel_name or model_path is wanted")
        if self.num_threads is not None and self.mlmodel_name is not None:
            raise ValueError("num_threads goes with model_path; with mlmodel_name it belongs to that model")
        return self
