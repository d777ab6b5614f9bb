"""What an ONNX file says of itself: whether it is complete, its versions, and the files that have its weights."""

from __future__ import annotations

import stat
from collections.abc import Iterator, Sequence
from functools import lru_cache
from pathlib import Path, PurePosixPath
from typing import NamedTuple

from ..encodings import Schema, WireField, field_numbers, integer, messages
from .errors import ModelError
from .model_file import MARKS, ModelFile

_IR_VERSION, _GRAPH, _OPSETS = 1, 7, 8  # fields of ONNX's ModelProto
# Where a model has tensors. The data of one that names a file is read here and handed to ONNX Runtime, which would read
# it relative to the *current* folder, since it gets the model as bytes; the checksum of the model covers these files.
_TENSORS: Schema = {
    "model": {7: "graph", 20: "training", 25: "function"},
    "training": {1: "graph", 2: "graph"},
    "function": {7: "node", 11: "attribute"},
    "graph": {1: "node", 5: "tensor", 15: "sparse"},
    "node": {5: "attribute"},
    "attribute": {5: "tensor", 6: "graph", 10: "tensor", 11: "graph", 22: "sparse", 23: "sparse"},
    "sparse": {1: "tensor", 2: "tensor"},
}
_EXTERNAL, _LOCATION = 13, 14  # fields of a tensor: entries about its file, and whether its data is there
_INITIALIZERS: Schema = {"model": {7: "graph"}, "graph": {5: "tensor"}}
_ENTRY: Schema = {}
SEARCHED_MAX_BYTES = 64_000_000
"""A model file with weights elsewhere has few itself: the graphs of large language models take a few megabytes."""


class Versions(NamedTuple):
    """The versions that an ONNX file is written in: of the format, and of the operators of ONNX's own domain."""

    ir: int
    opset: int


def check_onnx(file: ModelFile) -> None:
    """Check that the bytes are a complete protocol buffer with a graph.

    Raises:
        ModelError: when they are not, or a tensor other than an initializer has its data in another file.
    """
    numbers, end = field_numbers(file.content)
    if file.content[4:8] in MARKS or (_IR_VERSION not in numbers[:1] and _GRAPH not in numbers):
        raise file.wrong_format("ONNX")
    try:
        everywhere = sum(_is_external(file.content, tensor) for tensor in _tensors(file.content, _TENSORS))
    except ValueError:
        everywhere, end = 0, 0
    if end is not None or _GRAPH not in numbers:
        raise ModelError(f"{file.path}: the ONNX model is damaged or incomplete; download it again")
    if everywhere > sum(_is_external(file.content, tensor) for tensor in _tensors(file.content, _INITIALIZERS)):
        raise ModelError(
            f"{file.path}: the ONNX model keeps data of its operators in a separate file; put it into the model: "
            f"export it with external_data=False, or `import onnx; onnx.save(onnx.load({file.path.name!r}), "
            f"{file.path.name!r})`"
        )


def weight_files(file: ModelFile) -> tuple[str, ...]:
    """Return the names of the files that have weights of the model, sorted; they must be in its folder.

    Raises:
        ModelError: when the model names a file elsewhere.
    """
    names = set()
    for tensor in _tensors(file.content, _INITIALIZERS):
        if _is_external(file.content, tensor):
            name = _location(file.content, tensor)
            plain = name.removeprefix("./")
            if not plain or "\\" in plain or "\0" in plain or PurePosixPath(plain).name != plain or plain == "..":
                raise ModelError(
                    f"{file.path}: the ONNX model keeps weights in {name!r}; only a file beside the model is read"
                )
            names.add(name)
    return tuple(sorted(names))


def weights_beside(path: Path) -> tuple[Path, ...]:
    """Return the files that have weights of a model file; none of a file that cannot be read or is no ONNX model.

    Nor of one of more than ``SEARCHED_MAX_BYTES``. A file is read only once as long as it stays the same.
    """
    if path.suffix.lower() != ".onnx":
        return ()
    try:
        found = path.stat()
    except (OSError, ValueError):
        return ()
    if not stat.S_ISREG(found.st_mode) or found.st_size > SEARCHED_MAX_BYTES:
        return ()
    return _weights_beside(path, (found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns))


@lru_cache(maxsize=256)
def _weights_beside(path: Path, version: tuple[int, ...]) -> tuple[Path, ...]:
    """Return the files with weights of one version of a model file."""
    try:
        return tuple(path.parent / name for name in weight_files(ModelFile.read(path)))
    except (ModelError, ValueError):
        return ()


def versions(content: bytes) -> Versions:
    """Return the versions of a file; 0 where it does not state one."""
    ir = opset = 0
    for fields in messages(content, {"model": {_OPSETS: "opset"}}, "model", "model"):
        ir = next((integer(content, field) for field in fields if field.number == _IR_VERSION), 0)
    for fields in messages(content, {"model": {_OPSETS: "opset"}}, "model", "opset"):
        domain = b"".join(content[field.start : field.end] for field in fields if field.number == 1)
        if domain in (b"", b"ai.onnx"):
            opset = next((integer(content, field) for field in fields if field.number == 2), opset)
    return Versions(ir, opset)


def _tensors(content: bytes, schema: Schema) -> Iterator[tuple[WireField, ...]]:
    return messages(content, schema, "model", "tensor")


def _is_external(content: bytes, tensor: Sequence[WireField]) -> bool:
    """Return whether a tensor states that its data is in a file, with any number but 0."""
    locations = (content[field.start : field.end] for field in tensor if field.number == _LOCATION)
    return any(byte & 0x7F for location in locations for byte in location)


def _location(content: bytes, tensor: Sequence[WireField]) -> str:
    """Return the name of the file of a tensor; empty if it is missing or not text."""
    name = ""
    for entry in (content[field.start : field.end] for field in tensor if field.number == _EXTERNAL):
        for fields in messages(entry, _ENTRY, "entry", "entry"):
            key, value = (b"".join(entry[f.start : f.end] for f in fields if f.number == number) for number in (1, 2))
            if key == b"location":
                if name and value.decode("utf-8", "replace") != name:
                    return ""  # two: readers may disagree about which one counts
                name = value.decode("utf-8", "replace")
    return name
