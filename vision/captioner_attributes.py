"""What the YAML may say of a vision service that writes captions."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

from pydantic import Field

from cameras import LocalPath

from .picture_model_attributes import PictureModelAttributes
from .runtime import missing_files

_Number = Annotated[int, Field(ge=0)]


class CaptionerAttributes(PictureModelAttributes):
    """What the YAML may say under ``attributes`` of ``model: captioner``; the model named is the encoder."""

    decoder_path: LocalPath = Field(
        description="The decoder's file: one that takes all tokens at each step, without past; of what optimum exports "
        "it is decoder_model.onnx."
    )
    tokenizer_path: LocalPath = Field(
        description="The decoder's tokens: a tokenizer.json, or a text file with one token per line."
    )
    start_token: str | _Number | None = Field(
        None,
        description="Token that a text begins with, or its number where it has no word (BLIP: 30522). Without it as "
        "generation_config.json or config.json beside a tokenizer.json says (decoder_start_token_id), else the first "
        "of the usual ones that there is.",
    )
    end_token: str | _Number | None = Field(
        None,
        description="Token that a text ends with, or its number. Without it as those files say (eos_token_id), else "
        "the first of the usual ones that there is.",
    )
    max_tokens: int = Field(30, ge=1, le=512, description="Most tokens of a text, its end included.")
    input_image_bgr: bool = Field(
        False, description="The model takes blue first; mean and std then apply in that order."
    )
    input_image_size_px: int | None = Field(
        None, ge=1, le=4096, description="Side of the encoder's input, for a model that takes pictures of any size."
    )

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Give the files that are not there."""
        yield from missing_files(
            model_path=self.model_path, decoder_path=self.decoder_path, tokenizer_path=self.tokenizer_path
        )
