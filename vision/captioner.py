"""Say in a sentence what a picture shows: an encoder that looks, a decoder that writes, and the decoder's words."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from cameras import Caption, Frame, Pixels

from .base import CAPTIONS, VisionService
from .captioner_attributes import CaptionerAttributes
from .errors import ModelError
from .library import LIBRARY, Library, Loan
from .names import image_input
from .probes import probe_pictures
from .runtime import Runtime, RuntimeDeclaration, Tensor, TensorInfo
from .runtimes import RUNTIMES, runtime_for
from .tensors import PictureInput
from .text_decoder import TextDecoder
from .tokenizer import read_tokenizer


class Captioner(VisionService[CaptionerAttributes]):
    """A vision service that writes one caption for a picture, or none when it has nothing to say.

    The confidence of a caption is the geometric mean of the probabilities of its tokens.

    Args:
        name: What it is called under ``services:``.
        attributes: What was declared.
        runtime: The encoder that ``mlmodel_name`` names; ``None`` when ``model_path`` stands here.
        runtimes: The runtimes there are, by name.
        library: Where loaded models are lent.
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
        library: Library = LIBRARY,
    ) -> None:
        super().__init__(name, attributes, runtime)
        self._runtimes = RUNTIMES if runtimes is None else runtimes
        self._library = library
        self._models: tuple[Loan, ...] = ()
        self._halves: _Halves | None = None

    @classmethod
    def needs(cls, attributes: CaptionerAttributes) -> str | None:
        """Return the name of the declared model, where one is named."""
        return attributes.mlmodel_name

    @classmethod
    def default_camera(cls, attributes: CaptionerAttributes) -> str | None:
        """Return ``camera_name``."""
        return attributes.camera_name

    def _load(self) -> None:
        encoder_type, path, num_threads, providers = self._declared_model()
        decoder_type = runtime_for(self.attributes.decoder_path, self._runtimes)
        encoder = self._library.borrow(encoder_type, path, num_threads, providers)
        self._models = (encoder,)
        try:
            same = providers if decoder_type is encoder_type else ()
            decoder = self._library.borrow(decoder_type, self.attributes.decoder_path, num_threads, same)
            self._models = (encoder, decoder)
            self._halves = self._joined(path, encoder.runtime, decoder.runtime)
        except BaseException:
            self._release()
            raise
        self.kinds = frozenset({CAPTIONS})

    def _release(self) -> None:
        self._halves = None
        models, self._models = self._models, ()
        for loan in models:
            loan.close()

    def _caption(self, frame: Frame) -> tuple[Caption, ...]:
        halves = self._halves
        if halves is None:
            raise ModelError(f"service {self.name} is not open")
        with self._counted():
            encoded = halves.encoded(frame.pixels)
            with _about(self.attributes.decoder_path):
                written = halves.decoder.write(encoded, self.attributes.max_tokens)
        if not written.text or written.confidence < self.attributes.default_minimum_confidence:
            return ()
        return (Caption(written.text, written.confidence),)

    def _declared_model(self) -> tuple[type[Runtime], Path, int, tuple[str, ...]]:
        if self.runtime is not None:
            attributes = self.runtime.attributes
            kind = self._runtimes[self.runtime.model]
            return kind, attributes.model_path, attributes.num_threads, attributes.preferred()
        path = self.attributes.model_path
        if path is None:
            raise ModelError(f"service {self.name}: the model {self.attributes.mlmodel_name!r} is not declared")
        return runtime_for(path, self._runtimes), path, self.attributes.num_threads or 0, ()

    def _joined(self, path: Path, encoder: Runtime, decoder: Runtime) -> _Halves:
        """Find out how the two halves fit together, by looking at a made picture."""
        attributes = self.attributes
        with _about(path):
            info = image_input(encoder.inputs, {})
            picture = PictureInput.of(
                _sized(info, attributes.input_image_size_px),
                encoder.metadata,
                attributes.input_image_mean_value,
                attributes.input_image_std_dev,
                attributes.input_image_bgr,
            )
            try:
                encoded = encoder.infer({picture.info.name: picture.tensor(probe_pictures()[0])})
            except ModelError as error:
                if picture.info == info:
                    raise
                reason = str(error).removeprefix(f"{path}: ")
                side_px = attributes.input_image_size_px
                raise ModelError(f"input_image_size_px: {side_px} is not the side that it takes: {reason}") from error
        tokenizer = read_tokenizer(attributes.tokenizer_path, attributes.start_token, attributes.end_token)
        with _about(attributes.decoder_path):
            return _Halves(encoder, picture, TextDecoder(decoder, encoded, tokenizer))


@dataclass(frozen=True)
class _Halves:
    encoder: Runtime
    picture: PictureInput
    decoder: TextDecoder

    def encoded(self, pixels: Pixels) -> dict[str, Tensor]:
        return self.encoder.infer({self.picture.info.name: self.picture.tensor(pixels)})


def _sized(info: TensorInfo, side_px: int | None) -> TensorInfo:
    """Return an input that takes pictures of any size as one that takes them of the size declared, colours first."""
    if len(info.shape) != 4 or -1 not in info.shape[1:]:
        return info
    if side_px is None:
        raise ModelError(f"input {info} takes pictures of any size; say which with input_image_size_px")
    usual = (1, side_px, side_px, 3) if info.shape[3] == 3 else (1, 3, side_px, side_px)
    shape = (wanted if size < 0 else size for size, wanted in zip(info.shape, usual, strict=True))
    return dataclasses.replace(info, shape=tuple(shape))


@contextmanager
def _about(path: Path) -> Iterator[None]:
    """Put the file that an error is about before it."""
    try:
        yield
    except ModelError as error:
        if str(error).startswith(f"{path}: "):
            raise
        raise ModelError(f"{path}: {error}") from error
