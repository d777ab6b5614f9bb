"""Pre-processing of a picture to the input tensor of a model: type, layout, size and normalisation."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cameras import BoundingBox, Pixels

from ..runtimes import Metadata, ModelError, Tensor, TensorInfo
from .side_inputs import side_tensor

Triple = tuple[float, float, float]

_INTEGERS = (np.uint8, np.int8, np.int16, np.int32)
_GREY = np.array([0.299, 0.587, 0.114], np.float32)
_ASSUMED = "most float models take it; if not, declare input_image_mean_value and input_image_std_dev"
_PLAIN_RANGES = ((0.0, 1.0), (-1.0, 1.0), (0.0, 255.0))  # usual real ranges of 8-bit image inputs


@dataclass(frozen=True)
class Preparation:
    """Default pre-processing of a model family, where neither the YAML nor the model file specifies it.

    Attributes:
        mean: Per channel in the order of the input, as a fraction of 255.
        std: The same for the divisor.
        bgr: Whether the channel order is BGR.
        letterbox: Whether the picture keeps its aspect ratio, with bars beside it.
        centred: Whether a letterboxed picture is centred; else it is in the top left corner.
        bar: Pixel value of the bars.
        size: Height and width for an input of any size.
        step: An input of any size takes pictures in their own size, reduced to ``longest``, in a field whose sides are
            multiples of this; 0 if ``size`` applies.
        longest: Longest side of a picture in such an input.
    """

    mean: Triple = (0.5, 0.5, 0.5)  # Viam's default: maps pixel values to -1..1, as for most float models
    std: Triple = (0.5, 0.5, 0.5)
    bgr: bool = False
    letterbox: bool = False
    centred: bool = True
    bar: int = 0
    size: tuple[int, ...] = ()
    step: int = 0
    longest: int = 640


DEFAULT_PREPARATION = Preparation()


@dataclass(frozen=True)
class PictureInput:
    """The pre-processing of pictures for one input of a model. Equal objects produce equal tensors.

    ===========================  ==========================================================================
    type of the input            values
    ===========================  ==========================================================================
    float                        (value / 255 - mean) / std
    uint8, int32                 the pixels unchanged
    int8                         the pixels minus 128, which is the same picture
    uint8 with an unusual scale, as float, then quantised with the scale and zero point of the tensor
    int8; mean or std declared
    int16                        as float, then quantised with the scale and zero point of the tensor
    ===========================  ==========================================================================

    The whole picture is resized bilinearly: stretched to the input, or letterboxed. An input of any size uses the
    declared size, else the one in the model file, else that of the picture.

    Attributes:
        info: The input of the model.
        sides: Its other inputs, which are filled in.
        because: Why the size, the range and the order of the channels are as they are: a sentence for ``input``,
            ``range`` and ``color_order`` each.
        is_assumed: Whether the range is the usual one of float models, and nothing shows that this one takes it.
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
    step: int = 0
    longest: int = 640
    sides: tuple[TensorInfo, ...] = ()
    because: tuple[tuple[str, str], ...] = field(default=(), compare=False)
    is_assumed: bool = field(default=False, compare=False)

    @classmethod
    def of(
        cls,
        info: TensorInfo,
        metadata: Metadata,
        mean: Sequence[float] | None = None,
        std: Sequence[float] | None = None,
        bgr: bool | None = None,
        letterbox: bool | None = None,
        defaults: Preparation = DEFAULT_PREPARATION,
        *,
        size: Sequence[int] = (),
        sides: tuple[TensorInfo, ...] = (),
    ) -> PictureInput:
        """Return the pre-processing for an input. Declared values win over metadata, and metadata over defaults.

        Args:
            info: The input of the model.
            metadata: Metadata of the model file.
            mean: Per channel in the order of the input, as a fraction of 255; ``None`` if not declared.
            std: The same for the divisor.
            bgr: Whether the channel order is BGR; mean and std then apply in that order.
            letterbox: Whether the picture keeps its aspect ratio.
            defaults: Values for everything else.
            size: Declared height and width, for an input that accepts any.
            sides: The other inputs of the model.

        Raises:
            ModelError: when the input is not for pictures.
        """
        shape = info.shape
        if len(shape) != 4 or shape[0] not in (1, -1):
            raise ModelError(f"input {info} is not for pictures: its shape must be like [1, height, width, 3]")
        if not (np.issubdtype(info.dtype, np.floating) or info.dtype in _INTEGERS):
            raise ModelError(f"input {info} is not for pictures: its type must be uint8, int8, int16, int32 or float")
        # Where nothing is fixed, as in exports from PyTorch (``pixel_values``), channels come first.
        channels_first = shape[1] == 3 or (shape[1] in (1, -1) and shape[3] not in (1, 3))
        channels, height, width = shape[1:] if channels_first else (shape[3], shape[1], shape[2])
        channels = 3 if channels == -1 else channels
        if channels not in (1, 3):
            raise ModelError(f"input {info} is not for pictures: it must have 3 channels or 1, got {channels}")
        fixed = (height, width)
        if size and any(0 < own != wanted for own, wanted in zip(fixed, size, strict=True)):
            raise ModelError(
                f"input_size_px is [{size[1]}, {size[0]}], but input {info} accepts only pictures of its own size"
            )
        made_for = tuple(size) or metadata.size or defaults.size
        if made_for:
            height, width = (own if own > 0 else made for own, made in zip(fixed, made_for, strict=True))
        declared = mean is not None or std is not None
        range_reason = _range_reason(info, declared, metadata, defaults)
        return cls(
            info=info,
            channels_first=channels_first,
            channels=channels,
            height=height,
            width=width,
            mean=_triple(mean) or _from_metadata(metadata.mean, metadata.std) or defaults.mean,
            std=_triple(std) or _from_metadata(metadata.std, metadata.std) or defaults.std,
            bgr=_is_bgr(bgr, metadata, defaults),
            normalised=_is_normalised(info, declared, bool(metadata.mean)),
            letterbox=defaults.letterbox if letterbox is None else letterbox,
            centred=defaults.centred,
            bar=defaults.bar,
            step=defaults.step,
            longest=defaults.longest,
            sides=sides,
            because=(
                ("input", _size_reason(fixed, size, metadata, defaults)),
                ("range", range_reason),
                ("color_order", _order_reason(bgr, metadata, defaults)),
            ),
            is_assumed=range_reason == _ASSUMED,
        )

    @property
    def range(self) -> tuple[float, float]:
        """The lowest and the highest value that a channel of the tensor can have, as real values."""
        if not self.normalised:
            return (-128.0, 127.0) if self.info.dtype == np.int8 else (0.0, 255.0)
        ends = [
            (value - mean) / std
            for value in (0.0, 1.0)
            for mean, std in zip(self.mean[: self.channels], self.std[: self.channels], strict=True)
        ]
        return round(min(ends), 4), round(max(ends), 4)

    @property
    def color_order(self) -> str:
        """``rgb``, ``bgr`` or ``gray``."""
        return "gray" if self.channels == 1 else "bgr" if self.bgr else "rgb"

    def size_for(self, pixels: Pixels) -> tuple[int, int]:
        """Return (width, height) of the tensor for a picture: the input's, or the picture's if any fits."""
        if self._has_own_size:
            scale = self._scale_for(pixels)
            width, height = (-(-round(side * scale) // self.step) * self.step for side in (pixels.width, pixels.height))
            return width, height
        return (self.width if self.width > 0 else pixels.width, self.height if self.height > 0 else pixels.height)

    def place_for(self, pixels: Pixels) -> tuple[int, int, int, int]:
        """Return the area of the picture in the tensor: left, top, right and bottom edge in pixels."""
        width, height = self.size_for(pixels)
        if not self.letterbox:
            return 0, 0, width, height
        scale = self._scale_for(pixels)
        if not self._has_own_size:
            scale = min(width / pixels.width, height / pixels.height)
        whole = round if self.centred else int  # as in the code of YOLO and of YOLOX
        across, down = (max(whole(side * scale), 1) for side in (pixels.width, pixels.height))
        left, upper = ((width - across) // 2, (height - down) // 2) if self.centred else (0, 0)
        return left, upper, left + across, upper + down

    @property
    def _has_own_size(self) -> bool:
        return self.step > 0 and not (self.width > 0 and self.height > 0)

    def _scale_for(self, pixels: Pixels) -> float:
        return min(1.0, self.longest / max(pixels.width, pixels.height))

    def window_for(self, pixels: Pixels) -> BoundingBox:
        """Return the area of the picture in fractions of the tensor."""
        width, height = self.size_for(pixels)
        left, upper, right, lower = self.place_for(pixels)
        return BoundingBox(left / width, upper / height, right / width, lower / height)

    def tensors(self, pixels: Pixels) -> dict[str, Tensor]:
        """Return all inputs for a picture, by name."""
        size = self.size_for(pixels)
        return {self.info.name: self.tensor(pixels)} | {side.name: side_tensor(side, size) for side in self.sides}

    def tensor(self, pixels: Pixels) -> Tensor:
        """Return the tensor for a picture: contiguous, with batch axis; a new array, or a read-only one."""
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
            return (picture ^ np.uint8(128)).view(np.int8)  # minus 128, in 8 bits
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
    if info.dtype == np.uint8:  # a plain one normalises in the model; Viam never does it outside
        return declared and not _is_plain(info)
    return declared or described or info.dtype == np.int16


def _is_plain(info: TensorInfo) -> bool:
    limits = np.iinfo(info.dtype)
    low, high = (info.scale * (int(limit) - info.zero_point) for limit in (limits.min, limits.max))
    near = (high - low) * 0.02  # 1/128 and zero point 128 give -1 to 0.992
    return any(abs(low - wanted[0]) <= near and abs(high - wanted[1]) <= near for wanted in _PLAIN_RANGES)


def _size_reason(fixed: Sequence[int], declared: Sequence[int], metadata: Metadata, defaults: Preparation) -> str:
    if min(fixed) > 0:
        return "the only size that the input takes"
    if declared:
        return "declared as input_size_px"
    if metadata.size:
        return "the model file says so"
    return "the models of this head take it" if defaults.size else "the input takes any size; pictures keep theirs"


def _is_bgr(declared: bool | None, metadata: Metadata, defaults: Preparation) -> bool:
    if declared is not None:
        return declared
    return metadata.color_order == "bgr" if metadata.color_order else defaults.bgr


def _order_reason(declared: bool | None, metadata: Metadata, defaults: Preparation) -> str:
    if declared is not None:
        return "declared as input_image_bgr"
    if metadata.color_order:
        return "the model file says so"
    return "the models of this head take it" if defaults is not DEFAULT_PREPARATION else "most models take RGB"


def _range_reason(info: TensorInfo, declared: bool, metadata: Metadata, defaults: Preparation) -> str:
    described = bool(metadata.mean)
    if not _is_normalised(info, declared, described):
        return f"the input takes {info.dtype}, the pixels as they are"
    if declared:
        return "declared as input_image_mean_value and input_image_std_dev"
    if described:
        return metadata.range_because or "the model file says so"
    if defaults != DEFAULT_PREPARATION:
        return "the models of this head take it"
    return _ASSUMED


def _triple(numbers: Sequence[float] | None) -> Triple | None:
    if not numbers:
        return None
    first, second, third = (numbers[0],) * 3 if len(numbers) == 1 else numbers[:3]
    return (float(first), float(second), float(third))


def _from_metadata(numbers: Sequence[float], std: Sequence[float]) -> Triple | None:
    """Return mean or std of the metadata, which are for values of 0 to 255, as fractions of 255.

    Some files have fractions there: a std below 1 shows it, because no model is trained on values that std < 1 divides.
    """
    triple = _triple(numbers)
    if triple is None or max(std) < 1.0:
        return triple
    return (triple[0] / 255.0, triple[1] / 255.0, triple[2] / 255.0)
