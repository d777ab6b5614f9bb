"""What the YAML may say of a vision service that writes captions."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Self

from pydantic import Field, field_validator, model_validator

from cameras import Attributes, LocalPath

from .runtime import missing_files


class CaptionerAttributes(Attributes):
    """What the YAML may say under ``attributes`` of ``model: captioner``."""

    mlmodel_name: str | None = Field(
        None, description="Name of the declared model (type: mlmodel) that is the encoder."
    )
    model_path: LocalPath | None = Field(None, description="The encoder's file, in place of mlmodel_name.")
    decoder_path: LocalPath = Field(
        description="The decoder's file: one that takes all tokens at each step, without past."
    )
    tokenizer_path: LocalPath = Field(
        description="The decoder's tokens: a tokenizer.json, or a text file with one token per line."
    )
    start_token: str | None = Field(
        None, description="Token that a text begins with; without it the first of the usual ones that there is."
    )
    end_token: str | None = Field(
        None, description="Token that a text ends with; without it the first of the usual ones that there is."
    )
    max_tokens: int = Field(30, ge=1, le=512, description="Most tokens of a text, its end included.")
    num_threads: int | None = Field(
        None, le=64, description="With model_path: threads of one inference; 0 or less leaves it to the library."
    )
    input_image_mean_value: tuple[float, ...] | None = Field(
        None, strict=False, description="Per channel, subtracted from value / 255. Without it as the model file says, "
        "else 0.5. Not for uint8 models, which take pixels as they are.",
    )  # fmt: skip
    input_image_std_dev: tuple[float, ...] | None = Field(
        None,
        strict=False,
        description="Per channel, divided by after that. Without it as the model file says, else 0.5.",
    )
    input_image_bgr: bool = Field(
        False, description="The model takes blue first; mean and std then apply in that order."
    )
    input_image_size_px: int | None = Field(
        None, ge=1, le=4096, description="Side of the encoder's input, for a model that takes pictures of any size."
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

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Give the files that are not there."""
        yield from missing_files(
            model_path=self.model_path, decoder_path=self.decoder_path, tokenizer_path=self.tokenizer_path
        )
