"""The image encoder of a captioner, which converts a picture to features."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from cameras import Pixels

from ..inputs import PictureInput, image_input, sample_pictures
from ..runtimes import ModelError, Runtime, Tensor, TensorInfo


class ImageEncoder:
    """Runs the encoder model of a captioner.

    Args:
        runtime: The model; the caller keeps it open and closes it.
        side_px: Side of its input in pixels, if the model accepts any size.
        mean: Per channel, as a fraction of 255; ``None`` if not declared.
        std: The same for the divisor.
        bgr: Whether the channel order is BGR.

    Raises:
        ModelError: when the input is not for pictures, or accepts any size and ``side_px`` is missing.
    """

    def __init__(
        self,
        runtime: Runtime,
        side_px: int | None,
        mean: Sequence[float] | None,
        std: Sequence[float] | None,
        bgr: bool,
    ) -> None:
        self._runtime = runtime
        self._side_px = side_px
        self._info = image_input(runtime.inputs, {})
        self._picture = PictureInput.of(_sized(self._info, side_px), runtime.metadata, mean, std, bgr)

    def encode(self, pixels: Pixels) -> dict[str, Tensor]:
        """Return the features of a picture, by output name.

        Raises:
            ModelError: when the model fails.
        """
        return self._runtime.infer({self._picture.info.name: self._picture.tensor(pixels)})

    def sample(self) -> dict[str, Tensor]:
        """Return the features of a sample picture, which show the decoder their shapes.

        Raises:
            ModelError: when the model fails; for a model that accepts any size, the error names the declared size.
        """
        try:
            return self.encode(sample_pictures()[0])
        except ModelError as error:
            if self._picture.info == self._info:
                raise
            raise ModelError(f"input_image_size_px: the model does not accept {self._side_px}: {error}") from error


def _sized(info: TensorInfo, side_px: int | None) -> TensorInfo:
    """Return an input that accepts any size with the declared size, channels first unless its last axis is 3."""
    if len(info.shape) != 4 or -1 not in info.shape[1:]:
        return info
    if side_px is None:
        raise ModelError(f"input {info} accepts pictures of any size; set input_image_size_px")
    usual = (1, side_px, side_px, 3) if info.shape[3] == 3 else (1, 3, side_px, side_px)
    shape = (wanted if size < 0 else size for size, wanted in zip(info.shape, usual, strict=True))
    return dataclasses.replace(info, shape=tuple(shape))
