"""Metadata of a TFLite model file: normalisation, output names, order of box sides, packed labels.

The metadata (schema ``M001`` of TFLite Support) are a FlatBuffer inside the model's FlatBuffer. This module parses the
few fields that matter: the library for it comes with only one of the two runtimes, and a damaged file must yield empty
metadata, not an error.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator

from .base import Metadata
from .flatbuffer import Table, root
from .labels import packed_labels

_NORMALIZATION = 1  # ProcessUnitOptions
_BOUNDING_BOX = 3  # ContentProperties
_LABEL_FILES = (2, 3)  # AssociatedFileType: labels along an axis, labels of values
_PIXEL = 1  # CoordinateType


def read_metadata(content: bytes) -> Metadata:
    """Return the metadata of a model file; empty if they are damaged or missing."""
    try:
        return _read(content)
    except (struct.error, ValueError, IndexError, RecursionError, OverflowError):
        return Metadata(labels=packed_labels(content))


def _read(content: bytes) -> Metadata:
    found = _metadata_buffer(content)
    if found is None:
        return Metadata(labels=packed_labels(content))
    subgraph = next(root(found).tables(3), None)
    if subgraph is None:
        return Metadata(labels=packed_labels(content))
    inputs, outputs = list(subgraph.tables(2)), list(subgraph.tables(3))
    mean, std = _normalisation(inputs[0]) if inputs else ((), ())
    order, in_pixels = next((found for found in map(_boxes, outputs) if found is not None), ((), False))
    files = [name for table in (*outputs, subgraph) for name in _label_files(table)]
    return Metadata(
        labels=packed_labels(content, files),
        labels_file=files[0] if files else "",
        mean=mean,
        std=std,
        outputs=tuple(table.string(0) for table in outputs),
        box_order=order,
        boxes_in_pixels=in_pixels,
    )


def _metadata_buffer(content: bytes) -> bytes | None:
    """Return the metadata buffer of a model: ``Model.metadata`` has its index."""
    model = root(content)
    for entry in model.tables(6):
        if entry.string(0) == "TFLITE_METADATA":
            number = entry.number(1, "<I", 0)
            for index, buffer in enumerate(model.tables(4)):
                if index == number:
                    data = buffer.bytes(0)
                    return data if data[4:8] == b"M001" else None
    return None


def _normalisation(tensor: Table) -> tuple[tuple[float, ...], tuple[float, ...]]:
    for unit in tensor.tables(4):
        if unit.number(0, "<B", 0) == _NORMALIZATION and (options := unit.table(1)) is not None:
            mean, std = options.numbers(0, "f"), options.numbers(1, "f")
            fit = len(mean) == len(std) in (1, 3) and all(map(math.isfinite, (*mean, *std))) and 0 not in std
            return (mean, std) if fit else ((), ())
    return (), ()


def _boxes(tensor: Table) -> tuple[tuple[int, ...], bool] | None:
    content = tensor.table(3)
    if content is None or content.number(0, "<B", 0) != _BOUNDING_BOX or (box := content.table(1)) is None:
        return None
    order = tuple(int(number) for number in box.numbers(0, "I"))
    return (order if sorted(order) == [0, 1, 2, 3] else ()), box.number(2, "<b", 0) == _PIXEL


def _label_files(table: Table) -> Iterator[str]:
    """Yield the names of label files associated with a tensor (field 6) or a whole subgraph (field 4)."""
    for field in (6, 4):
        for file in table.tables(field):
            if file.number(2, "<b", 0) in _LABEL_FILES and (name := file.string(0)):
                yield name
