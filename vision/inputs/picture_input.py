"""From a picture to the tensor that a model takes: its type, layout, size and normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cameras import BoundingBox, Pixels

from ..runtimes import Metadata, ModelError, Tensor, TensorInfo

Triple = tuple[float, float, float]

_GREY = np.array([0.299, 0.587, 0.114], np.float32)
_PLAIN_RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))  # what the 256 steps of an image input usually stand for


@dataclass(frozen=True)
class Preparation:
    """What a family of models wants of its input, where neither the YAML nor the model file says otherwise.

    Attributes:
        mean: Per channel in the order of the input, as a fraction of 255.
        std: The same.
        bgr: Whether it takes blue first.
        letterbox: Whether the picture keeps its shape, with bars beside it.
        centred: Whether the picture is between two bars; else it is in the upper left corner.
        bar: Value of the bars' pixels.
        size: Height and width for an input of any size.
    """

    mean: Triple = (0.5, 0.5, 0.5)  # Viam's: pixel values to -1..1, as most float models are trained
    std: Triple = (0.5, 0.5, 0.5)
    bgr: bool = False
    letterbox: bool = False
    centred: bool = True
    bar: int = 0
    size: tuple[int, ...] = ()


DEFAULT_PREPARATION = Preparation()


@dataclass(frozen=True)
class PictureInput:
    """How a picture becomes the input of a model. Equal ones give equal tensors.

    ===========================  ==========================================================================
    type of the input            what goes in
    ===========================  ==========================================================================
    float                        (value / 255 - mean) / std
    uint8                        the pixels as they are
    int8                         the pixels less 128, which is the same picture
    uint8 with an odd scale,     as float, then by the scale and zero point of the tensor
    int8; mean or std declared
    int16                        as float, then by the scale and zero point of the tensor
    ===========================  ==========================================================================

    The whole picture is stretched to the input's size, bilinear, or put between bars where that is wanted. A side of
    any size takes that which the model file names, else the picture's own.
    """

    info: TensorInfo
    channels_first: bool
    channels: int
    height: int
    width: int
    mean: Triple
    std: Triple
    bgr: bool
    normalised: bool
    letterbox: bool = False
    centred: bool = True
    bar: int = 0

    @classmethod
    def of(
        cls,
        info: TensorInfo,
        metadata: Metadata,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        bgr: bool | None = None,
        letterbox: bool | None = None,
        usual: Preparation = DEFAULT_PREPARATION,
    ) -> PictureInput:
        """Return how a picture goes into an input. What is declared wins over metadata, and they over what is usual.

        Args:
            info: The input of the model.
            metadata: What the model file says.
            mean: Per channel in the order of the input, as a fraction of 255; ``None`` when not declared.
            std: The same.
            bgr: Whether the model takes blue first; mean and std then apply in that order.
            letterbox: Whether the picture keeps its shape.
            usual: What counts where nothing else does.

        Raises:
            ModelError: when the input takes no picture.
        """
        shape = info.shape
        if len(shape) != 4 or shape[0] not in (1, -1):
            raise ModelError(f"input {info} takes no picture: a shape like [1, height, width, 3] is wanted")
        if not (np.issubdtype(info.dtype, np.floating) or info.dtype in (np.uint8, np.int8, np.int16)):
            raise ModelError(f"input {info} takes no picture: numbers of uint8, int8, int16 or float are wanted")
        channels_first = shape[1] == 3 or (shape[1] == 1 and shape[3] not in (1, 3))
        channels, height, width = shape[1:] if channels_first else (shape[3], shape[1], shape[2])
        if channels not in (1, 3):
            raise ModelError(f"input {info} takes no picture: 3 colours or 1 grey are wanted, got {channels}")
        made_for = metadata.size or usual.size
        if made_for:
            height, width = (own if own > 0 else made for own, made in zip((height, width), made_for, strict=True))
        declared = mean is not None or std is not None
        return cls(
            info=info,
            channels_first=channels_first,
            channels=channels,
            height=height,
            width=width,
            mean=_triple(mean) or _from_metadata(metadata.mean, metadata.std) or usual.mean,
            std=_triple(std) or _from_metadata(metadata.std, metadata.std) or usual.std,
            bgr=usual.bgr if bgr is None else bgr,
            normalised=_is_normalised(info, declared, bool(metadata.mean)),
            letterbox=usual.letterbox if letterbox is None else letterbox,
            centred=usual.centred,
            bar=usual.bar,
        )

    def size_for(self, pixels: Pixels) -> tuple[int, int]:
        """Return (width, height) of the tensor for a picture: the input's own, or the picture's where any will do."""
        return (self.width if self.width > 0 else pixels.width, self.height if self.height > 0 else pixels.height)

    def place_for(self, pixels: Pixels) -> tuple[int, int, int, int]:
        """Return where the picture goes in the tensor: left, upper, right and lower edge in pixels."""
        width, height = self.size_for(pixels)
        if not self.letterbox:
            return 0, 0, width, height
        scale = min(width / pixels.width, height / pixels.height)
        whole = round if self.centred else int  # as the makers of YOLO and of YOLOX do
        across, down = (max(whole(side * scale), 1) for side in (pixels.width, pixels.height))
        left, upper = ((width - across) // 2, (height - down) // 2) if self.centred else (0, 0)
        return left, upper, left + across, upper + down

    def window_for(self, pixels: Pixels) -> BoundingBox:
        """Return where the picture goes, in fractions of the tensor."""
        width, height = self.size_for(pixels)
        left, upper, right, lower = self.place_for(pixels)
        return BoundingBox(left / width, upper / height, right / width, lower / height)

    def tensor(self, pixels: Pixels) -> Tensor:
        """Return the tensor for a picture, contiguous, with its leading 1; a new array, or a read-only one."""
        picture = self._picture(pixels)
        if self.channels == 1:
            picture = (picture @ _GREY)[..., np.newaxis].round().astype(np.uint8)
        elif self.bgr:
            picture = picture[..., ::-1]
        numbers = self._normalised(picture) if self.normalised else self._shifted(picture)
        if self.channels_first:
            numbers = numbers.transpose(2, 0, 1)
        return np.ascontiguousarray(numbers[np.newaxis])

    def _picture(self, pixels: Pixels) -> NDArray[Any]:
        width, height = self.size_for(pixels)
        left, upper, right, lower = self.place_for(pixels)
        picture = pixels.rgb(right - left, lower - upper)
        if (right - left, lower - upper) == (width, height):
            return picture
        whole = np.full((height, width, 3), self.bar, np.uint8)
        whole[upper:lower, left:right] = picture
        return whole

    def _shifted(self, picture: NDArray[Any]) -> NDArray[Any]:
        if self.info.dtype == np.int8:
            return (picture ^ np.uint8(128)).view(np.int8)  # less 128, without leaving 8 bits
        return picture.astype(self.info.dtype, copy=False)

    def _normalised(self, picture: NDArray[Any]) -> NDArray[Any]:
        mean, std = np.array(self.mean[: self.channels]), np.array(self.std[: self.channels])
        factor, offset = 1.0 / (255.0 * std), -mean / std
        if np.issubdtype(self.info.dtype, np.floating):
            fractions = picture * factor.astype(np.float32) + offset.astype(np.float32)
            return np.asarray(fractions, self.info.dtype)
        numbers = np.rint((picture * factor + offset) / self.info.scale + self.info.zero_point)
        limits = np.iinfo(self.info.dtype)
        return np.asarray(numbers.clip(limits.min, limits.max), self.info.dtype)


def _is_normalised(info: TensorInfo, declared: bool, described: bool) -> bool:
    if np.issubdtype(info.dtype, np.floating):
        return True
    if info.scale == 0.0:
        return False
    if info.dtype == np.uint8:  # a plain one has its normalisation inside; Viam never applies one
        return declared and not _is_plain(info)
    return declared or described or info.dtype == np.int16


def _is_plain(info: TensorInfo) -> bool:
    limits = np.iinfo(info.dtype)
    low, high = (info.scale * (int(limit) - info.zero_point) for limit in (limits.min, limits.max))
    near = (high - low) * 0.02  # 1/128 and zero point 128 give -1 to 0.992
    return any(abs(low - wanted[0]) <= near and abs(high - wanted[1]) <= near for wanted in _PLAIN_RANGES)


def _triple(numbers: Sequence[float] | None) -> Triple | None:
    if not numbers:
        return None
    first, second, third = (numbers[0],) * 3 if len(numbers) == 1 else numbers[:3]
    return (float(first), float(second), float(third))


def _from_metadata(numbers: Sequence[float], std: Sequence[float]) -> Triple | None:
    """Return metadata's numbers, which are for values of 0 to 255, as fractions of 255.

    Some files give fractions there already: no model is trained on values divided by less than 1.
    """
    triple = _triple(numbers)
    if triple is None or max(std) < 1.0:
        return triple
    return (triple[0] / 255.0, triple[1] / 255.0, triple[2] / 255.0)
