"""Metadata of a TFLite model file: normalisation, output names, order of box sides, and what is packed in it.

The metadata (schema ``M001`` of TFLite Support) are a FlatBuffer inside the model's FlatBuffer, with files in a zip
archive appended to the model. Ultralytics writes no metadata, only such a file with its properties. This module parses
the few fields that matter: the library for it comes with only one of the two runtimes, and a damaged file must yield
empty metadata, not an error.
"""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Mapping
from dataclasses import replace
from typing import Any

from cameras import one_line

from .base import Anchors, Metadata, ScoreCalibration
from .encodings import Table, root
from .label_forms import literal
from .labels import packed_labels, packed_texts
from .properties import calibration_parameters, described

_NORMALIZATION, _CALIBRATION = 1, 2  # ProcessUnitOptions
_TRANSFORMATIONS = ("identity", "log", "inverse_logistic")
_BOUNDING_BOX = 3  # ContentProperties
_LABEL_FILES = (2, 3)  # AssociatedFileType: labels along an axis, labels of values
_CALIBRATION_FILE = 4
_PIXEL = 1  # CoordinateType
_DETECTOR = "DETECTOR_METADATA"  # of MediaPipe (mediapipe/tasks/metadata/object_detector_metadata_schema.fbs)
_SUPPRESSION = "TFLite_Detection_PostProcess"  # takes box encodings, scores and anchors
_MAX_ANCHORS = 1_000_000
_DAMAGE = (struct.error, ValueError, IndexError, RecursionError, OverflowError)
_MAX_SHOWN = 200


def read_metadata(content: bytes) -> Metadata:
    """Return the metadata of a model file; empty if they are damaged or missing."""
    texts = packed_texts(content)
    try:
        found = _read(content, texts)
    except _DAMAGE:
        found = None
    if found is None:
        found = Metadata(labels=packed_labels(texts))
    try:
        found = replace(found, score_columns=_score_columns(content))
    except _DAMAGE:
        pass
    return described(_properties(texts), found)


def _properties(texts: Mapping[str, str]) -> Mapping[str, Any]:
    """Return the properties in a packed JSON file, or text file with a Python literal."""
    for text in texts.values():
        if text.lstrip().startswith("{"):
            value = literal(text)
            if isinstance(value, dict) and ("names" in value or "author" in value):
                return value
    return {}


def _read(content: bytes, texts: Mapping[str, str]) -> Metadata | None:
    found = _metadata_buffer(content)
    if found is None:
        return None
    model = root(found)
    subgraph = next(model.tables(3), None)
    if subgraph is None:
        return None
    inputs, outputs = list(subgraph.tables(2)), list(subgraph.tables(3))
    mean, std = _normalisation(inputs[0]) if inputs else ((), ())
    order, in_pixels = next((found for found in map(_boxes, outputs) if found is not None), ((), False))
    files = [name for table in (*outputs, subgraph) for name in _files(table, *_LABEL_FILES)]
    metadata = Metadata(
        labels=packed_labels(texts, files),
        labels_file=files[0] if files else "",
        mean=mean,
        std=std,
        outputs=tuple(table.string(0) for table in outputs),
        box_order=order,
        boxes_in_pixels=in_pixels,
        author=one_line(model.string(4))[:_MAX_SHOWN],
        description=one_line(model.string(1))[:_MAX_SHOWN],
        calibration=next(filter(None, (_calibration(table, texts) for table in outputs)), None),
    )
    try:
        return replace(metadata, anchors=_anchors(subgraph))
    except _DAMAGE:
        return metadata


def _score_columns(content: bytes) -> int:
    """Return the last side of the scores that the suppression in a model takes; 0 if it has none."""
    model = root(content)
    codes = [code.string(1) for code in model.tables(1)]
    for graph in model.tables(2):
        tensors = list(graph.tables(0))
        for operator in graph.tables(3):
            number = operator.number(0, "<I", 0)
            if number < len(codes) and codes[number] == _SUPPRESSION:
                inputs = [int(index) for index in operator.numbers(1, "i")]
                shape = tensors[inputs[1]].numbers(0, "i") if 0 <= inputs[1] < len(tensors) else ()
                return int(shape[-1]) if len(shape) == 3 and shape[-1] > 0 else 0
    return 0


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


def _calibration(tensor: Table, texts: Mapping[str, str]) -> ScoreCalibration | None:
    for unit in tensor.tables(4):
        if unit.number(0, "<B", 0) == _CALIBRATION and (options := unit.table(1)) is not None:
            kind, default = options.number(0, "<b", 0), options.real(1, 0.0)
            text = next((texts[name] for name in _files(tensor, _CALIBRATION_FILE) if name in texts), "")
            parameters = calibration_parameters(text)
            if parameters and 0 <= kind < len(_TRANSFORMATIONS) and math.isfinite(default):
                return ScoreCalibration(_TRANSFORMATIONS[kind], default, parameters)
    return None


def _boxes(tensor: Table) -> tuple[tuple[int, ...], bool] | None:
    content = tensor.table(3)
    if content is None or content.number(0, "<B", 0) != _BOUNDING_BOX or (box := content.table(1)) is None:
        return None
    order = tuple(int(number) for number in box.numbers(0, "I"))
    return (order if sorted(order) == [0, 1, 2, 3] else ()), box.number(2, "<b", 0) == _PIXEL


def _files(table: Table, *kinds: int) -> Iterator[str]:
    """Yield the names of files of some kinds that belong to a tensor (field 6) or a whole subgraph (field 4)."""
    for field in (6, 4):
        for file in table.tables(field):
            if file.number(2, "<b", 0) in kinds and (name := file.string(0)):
                yield name


def _anchors(subgraph: Table) -> Anchors | None:
    """Return the anchors that MediaPipe's Model Maker stores for a detector."""
    for custom in subgraph.tables(9):
        if custom.string(0) != _DETECTOR:
            continue
        options = root(custom.bytes(1))
        ssd, decoding = options.table(1), options.table(2)
        schema = ssd.table(0) if ssd is not None else None
        if schema is None or decoding is None:
            return None
        boxes = tuple(
            (anchor.real(0, 0.0), anchor.real(1, 0.0), anchor.real(2, 0.0), anchor.real(3, 0.0))
            for anchor in schema.tables(0, _MAX_ANCHORS)
        )
        x, y, width, height = (decoding.real(field, 1.0) for field in range(6, 10))
        if not boxes or not all(map(math.isfinite, (number for box in boxes for number in box))):
            return None
        if not all(math.isfinite(scale) and scale > 0 for scale in (x, y, width, height)):
            return None
        exponential, sigmoid = (bool(decoding.number(field, "<B", 0)) for field in (10, 11))
        return Anchors(boxes, (x, y, width, height), sigmoid, exponential)
    return None
