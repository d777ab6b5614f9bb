"""Labels of the class numbers of a model: from a text file, or packed in the model file."""

from __future__ import annotations

import ast
import io
import json
import zipfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from cameras import one_line

from .errors import ModelError

MAX_BYTES = 16 * 1024 * 1024  # far above any real list (21,843 ImageNet names: 0.8 MB), far below a zip bomb


def labels_from_text(text: str) -> tuple[str, ...]:
    """Return the labels in a text, one per line without blank lines; a single line is split at commas, else at spaces.

    The placeholder ``???`` of some lists for unused numbers counts as a label, so that later numbers stay right.
    """
    lines = [line.strip() for line in text.removeprefix("\ufeff").splitlines()]
    rows = [line for line in lines if line]
    if len(rows) == 1:
        rows = [row.strip() for row in (rows[0].split(",") if "," in rows[0] else rows[0].split())]
    return tuple(one_line(row) for row in rows if row)


def labels_from_literal(text: str) -> tuple[str, ...]:
    """Return the labels in a dictionary literal such as ``{0: 'person', 1: 'bicycle'}``, a list literal or plain text.

    Ultralytics packs a dictionary into its models that has the labels under ``names``.
    """
    value = literal(text)
    if isinstance(value, dict):
        value = value.get("names", value)
    if isinstance(value, dict):
        try:
            numbered = {int(number): one_line(str(label)) for number, label in value.items()}
        except (ValueError, TypeError):
            return ()
        if not numbered or min(numbered) < 0 or max(numbered) > 10 * len(numbered) + 100:
            return ()
        return tuple(numbered.get(number, "???") for number in range(max(numbered) + 1))
    if isinstance(value, (list, tuple)):
        return tuple(one_line(str(label)) for label in value)
    return labels_from_text(text)


def literal(text: str) -> Any:
    """Return the value of a JSON or Python literal, ``None`` for other text."""
    for parse in (json.loads, ast.literal_eval):
        try:
            return parse(text)
        except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
            continue
    return None


def read_labels(path: Path) -> tuple[str, ...]:
    """Return the labels of a file.

    Raises:
        ModelError: when the file cannot be read, is not UTF-8 text, or has no label.
    """
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ModelError(f"{path}: too large for a list of labels, got {path.stat().st_size} bytes")
        labels = labels_from_text(path.read_bytes().decode("utf-8"))
    except FileNotFoundError as error:
        raise ModelError(f"{path}: no such labels file") from error
    except OSError as error:
        raise ModelError(f"{path}: the labels file cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise ModelError(
            f"{path}: the labels file is not UTF-8 text (byte {error.object[error.start]:#04x} at {error.start})"
        ) from error
    if not labels:
        raise ModelError(f"{path}: the labels file is empty; it must have one label per line")
    return labels


def packed_labels(content: bytes, named: Sequence[str] = ()) -> tuple[str, ...]:
    """Return the labels packed in a model file (as a zip archive appended to it); empty if there are none.

    Args:
        content: The bytes of the model file.
        named: Names of the label files in the model's metadata, most likely first. If the archive has none of them,
            its only text file is used, else its only JSON file.
    """
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            files = {info.filename: info for info in archive.infolist()}
            texts = [[name for name in files if name.lower().endswith(ending)] for ending in (".txt", ".json")]
            only = next((names[0] for names in texts if len(names) == 1), None)
            chosen = next((name for name in named if name in files), only)
            if chosen is None or files[chosen].file_size > MAX_BYTES:
                return ()
            text = archive.read(chosen).decode("utf-8")
            return labels_from_literal(text) if text.lstrip().startswith(("{", "[")) else labels_from_text(text)
    except Exception:  # on damage zipfile raises almost anything, including IndexError and struct.error
        return ()
