"""The vision service that describes a picture in a sentence, with an image encoder and a text decoder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated, ClassVar

from pydantic import Field

from cameras import Caption, Frame, LocalPath, Prediction

from .base import Predictor, Session
from .captioning import ImageEncoder, TextDecoder, read_tokenizer
from .model_service import DeclaredModel, ModelService, PictureModelAttributes
from .runtimes import (
    SHARED_MODELS,
    ModelError,
    ModelHandle,
    Runtime,
    RuntimeDeclaration,
    SharedModels,
    missing_files,
    runtime_for,
)

_Number = Annotated[int, Field(ge=0)]


class CaptionerAttributes(PictureModelAttributes):
    """Attributes of ``model: captioner`` in the YAML; the model named is the encoder."""

    decoder_path: LocalPath = Field(
        description="The decoder, without past: it takes all tokens at each step; in exports of optimum, "
        "decoder_model.onnx."
    )
    tokenizer_path: LocalPath = Field(
        description="The decoder's tokens: a tokenizer.json, or a text file with one token per line."
    )
    start_token: str | _Number | None = Field(
        None,
        description="Start token, or its id if the vocabulary lacks it (BLIP: 30522). Default: decoder_start_token_id "
        "of generation_config.json or config.json beside a tokenizer.json, else the first usual one in the vocabulary.",
    )
    end_token: str | _Number | None = Field(
        None,
        description="End token, or its id. Default: eos_token_id of those files, else the first usual one in the "
        "vocabulary.",
    )
    max_tokens: int = Field(30, ge=1, le=512, description="Most tokens of a text, including the end token.")
    input_image_bgr: bool = Field(False, description="The model takes BGR; mean and std then apply in that order.")
    input_image_size_px: int | None = Field(
        None, ge=1, le=4096, description="Side of the encoder's input, for a model that accepts any size."
    )

    def check(self) -> Iterator[tuple[tuple[str | int, ...], str]]:
        """Yield an error for each missing file."""
        yield from missing_files(
            model_path=self.model_path, decoder_path=self.decoder_path, tokenizer_path=self.tokenizer_path
        )


class Captioner(ModelService[CaptionerAttributes]):
    """A vision service that returns one caption per picture, or none if the text is empty or not confident enough.

    The confidence of a caption is the geometric mean of the probabilities of its tokens.
    """

    model_name: ClassVar[str] = "captioner"
    attributes_type = CaptionerAttributes

    def __init__(
        self,
        name: str,
        attributes: CaptionerAttributes,
        runtime: RuntimeDeclaration | None = None,
        *,
        runtimes: Mapping[str, type[Runtime]] | None = None,
        models: SharedModels = SHARED_MODELS,
    ) -> None:
        super().__init__(name, attributes, runtime, runtimes=runtimes, models=models)
        self._handles: tuple[ModelHandle, ...] = ()
        self._encoder: ImageEncoder | None = None
        self._decoder: TextDecoder | None = None

    def _load(self) -> None:
        attributes, model = self.attributes, self._declared_model()
        decoder_type = runtime_for(attributes.decoder_path, self.runtimes)
        encoder = self._acquire(model)
        self._handles = (encoder,)
        try:
            providers = model.providers if decoder_type is model.runtime_type else ()
            decoder = self._acquire(DeclaredModel(decoder_type, attributes.decoder_path, model.num_threads, providers))
            self._handles = (encoder, decoder)
            with _about(model.path):
                self._encoder = ImageEncoder(
                    encoder.runtime,
                    attributes.input_image_size_px,
                    attributes.input_image_mean_value,
                    attributes.input_image_std_dev,
                    attributes.input_image_bgr,
                )
                sample = self._encoder.sample()
            tokenizer = read_tokenizer(attributes.tokenizer_path, attributes.start_token, attributes.end_token)
            with _about(attributes.decoder_path):
                self._decoder = TextDecoder(decoder.runtime, sample, tokenizer)
        except BaseException:
            self._release()
            raise

    def _release(self) -> None:
        self._encoder = self._decoder = None
        handles, self._handles = self._handles, ()
        for handle in handles:
            handle.close()

    def _predictors(self) -> Mapping[type[Prediction], Predictor]:
        return {Caption: self._caption}

    def _caption(self, frame: Frame, session: Session) -> tuple[Caption, ...]:
        encoder, decoder = self._encoder, self._decoder
        if encoder is None or decoder is None:
            raise ModelError(f"service {self.name} is not open")
        with session.inference():
            encoded = encoder.encode(frame.pixels)
            with _about(self.attributes.decoder_path):
                text = decoder.generate(encoded, self.attributes.max_tokens)
        if not text.text or text.confidence < self.attributes.default_minimum_confidence:
            return ()
        return (Caption(text.text, text.confidence),)


@contextmanager
def _about(path: Path) -> Iterator[None]:
    """Prefix errors with the file that they are about."""
    try:
        yield
    except ModelError as error:
        raise ModelError(f"{path}: {str(error).replace(f'{path}: ', '')}") from error
