"""The bytes of a model file, and a description of what they are if not a model."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .errors import ModelError

_STARTS = (
    (b"version https://git-lfs", "a Git LFS pointer; fetch the file itself with `git lfs pull`"),
    (b"\x89PNG\r\n", "a PNG picture"),
    (b"\xff\xd8\xff", "a JPEG picture"),
    (b"GIF8", "a GIF picture"),
    (b"PK\x03\x04", "a zip archive; unpack it first"),
    (b"\x1f\x8b", "a gzip archive; unpack it first"),
    (b"\x89HDF\r\n", "a Keras model (HDF5); convert it to TFLite first"),
    (b"%PDF", "a PDF document"),
    (b"<", "a web page or XML"),
)
_ONNX = re.compile(rb"\x08[\x01-\x1f][\x12\x3a]")  # the version of the format, then its producer or its graph
MARKS = {b"TFL3": "a TFLite model", b"ORTM": "an ORT model; use the ONNX file that it was converted from"}
"""Descriptions of model formats by the bytes 4 to 8 of a file."""


def _content(path: Path) -> bytes:
    try:
        if path.is_dir():
            raise ModelError(f"{path}: is a folder, not a model file")
        if path.exists() and not path.is_file():
            raise ModelError(f"{path}: is not a regular file")
        content = path.read_bytes()
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such model file") from error
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or error
        raise ModelError(f"{path}: the model file cannot be read: {reason}") from error
    if not content:
        raise ModelError(f"{path}: the model file is empty; download it again")
    return content


@dataclass(frozen=True)
class ModelFile:
    """A model file in memory, so that the bytes that are checked are the bytes that are loaded.

    Attributes:
        path: Where it was read.
        content: Its bytes.
        sha256: The SHA-256 of its bytes, followed by those of ``weights`` in the order of their names.
        weights: The bytes of further files with weights of the model, by name.
    """

    path: Path
    content: bytes
    sha256: str
    weights: Mapping[str, bytes] = field(default_factory=dict)

    @classmethod
    def read(cls, path: Path) -> ModelFile:
        """Read a file.

        Raises:
            ModelError: when the file cannot be read or is empty.
        """
        content = _content(path)
        return cls(path, content, hashlib.sha256(content).hexdigest())

    def with_weights(self, names: Iterable[str]) -> ModelFile:
        """Return the model with files of its folder that have weights of it.

        Raises:
            ModelError: when one cannot be read or is empty.
        """
        weights = {}
        for name in sorted(names):
            try:
                weights[name] = _content(self.path.parent / name)
            except ModelError as error:
                raise ModelError(f"{self.path}: the model keeps weights in {name}, beside it: {error}") from error
        if not weights:
            return self
        digest = hashlib.sha256(self.content)
        for content in weights.values():
            digest.update(content)
        return ModelFile(self.path, self.content, digest.hexdigest(), weights)

    def expect_sha256(self, declared: str | None) -> None:
        """Check the declared SHA-256, in any letter case; ``None`` is any.

        Raises:
            ModelError: when it differs.
        """
        if declared is not None and declared.casefold() != self.sha256:
            what = " and ".join([self.path.name, *self.weights])
            raise ModelError(
                f"{self.path}: sha256: {declared.casefold()} is declared, but that of {what} is {self.sha256}"
            )

    def expect(self, magic: bytes, at: int, format_name: str) -> None:
        """Check the signature of a format at an offset.

        Raises:
            ModelError: when it differs, with a description of what the file looks like.
        """
        if self.content[at : at + len(magic)] != magic:
            raise self.wrong_format(format_name)

    def wrong_format(self, format_name: str) -> ModelError:
        """Return the error for a file of another format, with a description of what it looks like."""
        article = "an" if format_name[0] in "AEIO" else "a"
        return ModelError(f"{self.path}: is not {article} {format_name} model but {self._describe()}")

    def _describe(self) -> str:
        for start, words in _STARTS:
            if self.content.startswith(start):
                return words
        if self.content[4:8] in MARKS:
            return MARKS[self.content[4:8]]
        if _ONNX.match(self.content):
            return "an ONNX model"
        head = self.content[:256]
        try:
            text = head.decode("utf-8", errors="strict") if len(head) < 256 else head[:-4].decode("utf-8", "ignore")
        except UnicodeDecodeError:
            text = "\0"
        if all(character.isprintable() or character.isspace() for character in text):
            return f"text: {' '.join(text.split())[:40]!r}"
        return f"something else: {len(self.content)} bytes that start with {self.content[:8].hex(' ')}"
