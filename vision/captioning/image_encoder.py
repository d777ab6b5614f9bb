"""The first half of a captioner: a model that looks at a picture and gives what it has seen as numbers."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence

from cameras import Pixels

from ..inputs import PictureInput, image_input, sample_pictures
from ..runtimes import ModelError, Runtime, Tensor, TensorInfo


class ImageEncoder:
    """Shows pictures to an encoder.

    Args:
        runtime: The model; it stays the caller's to close.
        side_px: Side of its input in pixels, where it takes pictures of any size.
        mean: Per channel, as a fraction of 255; ``None`` when not declared.
        std: The same.
        bgr: Whether the model takes blue first.

    Raises:
        ModelError: when it takes no picture, or pictures of any size and ``side_px`` is missing.
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
        """Return what the model gives for a picture, by the names of its outputs.

        Raises:
            ModelError: when the model fails on it.
        """
        return self._runtime.infer({self._picture.info.name: self._picture.tensor(pixels)})

    def sample(self) -> dict[str, Tensor]:
        """Return what the model gives for a made picture, which shows a decoder what to expect.

        Raises:
            ModelError: when the model fails; where it takes any size, the sentence blames the size declared.
        """
        try:
            return self.encode(sample_pictures()[0])
        except ModelError as error:
            if self._picture.info == self._info:
                raise
            raise ModelError(f"input_image_size_px: {self._side_px} is not the side that it takes: {error}") from error


def _sized(info: TensorInfo, side_px: int | None) -> TensorInfo:
    """Return an input that takes pictures of any size as one that takes them of the size declared, colours first."""
    if len(info.shape) != 4 or -1 not in info.shape[1:]:
        return info
    if side_px is None:
        raise ModelError(f"input {info} takes pictures of any size; say which with input_image_size_px")
    usual = (1, side_px, side_px, 3) if info.shape[3] == 3 else (1, 3, side_px, side_px)
    shape = (wanted if size < 0 else size for size, wanted in zip(info.shape, usual, strict=True))
    return dataclasses.replace(info, shape=tuple(shape))
