"""Metadata that exporters write as properties: in ``metadata_props`` of ONNX, or as a file packed in a TFLite model."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from cameras import one_line

from .base import Metadata
from .label_forms import labels_of_literal, literal
from .labels import labels_from_text

_LABELS = (
    "names",
    "labels",
    "classes",
    "class_names",
    "id2label",
)  # Ultralytics uses names, other exporters the others
_MAX_STRIDE = 1024
_MAX_SHOWN = 200  # characters of a word or a description
# Mean and divisor of each ``Image.NominalPixelRange`` of ONNX, for pixel values of 0 to 255.
_RANGES = {
    "nominalrange_0_255": (0.0, 1.0),
    "normalized_0_1": (0.0, 255.0),
    "normalized_1_1": (127.5, 127.5),
    "nominalrange_16_235": (-16.0 * 255.0 / 219.0, 255.0 / 219.0),
}
_NOTHING = Metadata()
_ORDERS = {"bgr8": "bgr", "bgra8": "bgr", "rgb8": "rgb", "rgba8": "rgb"}


def described(properties: Mapping[str, Any], found: Metadata = _NOTHING) -> Metadata:
    """Return metadata with what properties state, as far as they are in a known form.

    Args:
        properties: Text, or values of JSON, by name.
        found: What the file states elsewhere, which wins.
    """
    texts = {str(key): value if isinstance(value, str) else str(value) for key, value in properties.items()}
    values = {key: literal(value) if isinstance(value, str) else value for key, value in properties.items()}
    author = _word(texts.get("author", ""))
    mean, std = found.mean, found.std
    if not mean and (wanted := _RANGES.get(texts.get("Image.NominalPixelRange", "").strip().casefold())):
        mean, std = (wanted[0],), (wanted[1],)
    elif not mean and author == "Ultralytics":  # trains all its models on values of 0 to 1, but does not write it
        mean, std = (0.0,), (255.0,)
    stride = values.get("stride")
    return replace(
        found,
        labels=found.labels or _labels(properties),
        mean=mean,
        std=std,
        size=found.size or _sizes(values.get("imgsz")),
        author=found.author or author,
        description=found.description or _word(texts.get("description", "")),
        task=found.task or _word(texts.get("task", "")).casefold(),
        stride=stride if type(stride) is int and 0 < stride < _MAX_STRIDE else found.stride,
        keypoints_shape=_sizes(values.get("kpt_shape")),
        color_order=_ORDERS.get(texts.get("Image.BitmapPixelFormat", "").strip().casefold(), found.color_order),
        properties={one_line(key): one_line(value) for key, value in texts.items()},
    )


def _labels(properties: Mapping[str, Any]) -> tuple[str, ...]:
    for key in _LABELS:
        value = properties.get(key)
        found = labels_from_text(value) if isinstance(value, str) else labels_of_literal(value)
        if found:
            return tuple(map(one_line, found))
    return ()


def _sizes(value: Any) -> tuple[int, ...]:
    """Return two positive numbers, or one for both."""
    sizes = (value, value) if isinstance(value, int) else tuple(value) if isinstance(value, list | tuple) else ()
    is_usable = len(sizes) == 2 and all(isinstance(size, int) and 0 < size < 100_000 for size in sizes)
    return sizes if is_usable else ()


def _word(text: str) -> str:
    return one_line(text.strip())[:_MAX_SHOWN]


def calibration_parameters(text: str) -> tuple[tuple[float, float, float, float] | None, ...]:
    """Return the parameters of each class in a calibration file; empty if it is damaged.

    A line is ``scale,slope,offset`` or ``scale,slope,offset,lowest score``; a blank one is a class without.
    """
    found: list[tuple[float, float, float, float] | None] = []
    for line in text.splitlines():
        if not line.strip():
            found.append(None)
            continue
        try:
            numbers = [float(cell) for cell in line.split(",")]
        except ValueError:
            return ()
        if len(numbers) not in (3, 4) or not all(map(math.isfinite, numbers)) or numbers[0] < 0:
            return ()
        scale, slope, offset, *lowest = numbers
        found.append((scale, slope, offset, lowest[0] if lowest else -math.inf))
    return tuple(found)
