"""The form of a list of labels, by what the text begins with, and the forms that nest: JSON, Python literals, YAML."""

from __future__ import annotations

import ast
import json
import re
from collections.abc import Mapping, Sequence
from pathlib import PurePath
from typing import Any

from .pbtxt import pbtxt_reading
from .reading import MAX_LABELS, UNUSED, Reading
from .rows import lines, row_readings
from .yaml_names import yaml_names

_MAX_LINE = 1000  # characters of a line of a list that has several
_MAX_LABEL = 500  # characters
_MAX_LITERAL = 1024 * 1024  # of a Python literal: parsing one takes hundreds of times its size in memory
_MAX_SPARSE = 10  # unused numbers for each label; more are not class numbers
_PBTXT = re.compile(r"(?:\s|#.*\n)*+item\s*:?\s*\{")
_YAML_NAMES = re.compile(r"^names\s*:", re.M)
_BRACKETED = re.compile(r"\[[^\[\]\"',:{}]+\](?:\s+\S.*)?")  # the first line of a list of such labels is no JSON
_ASSIGNED = re.compile(r"\s*(?:(?:export|const|let|var|static)\s+)*[A-Za-z_][\w.]*\s*=\s*(?=[\[({])")  # of a program
_LIST_KEYS = ("id2label", "names", "labels", "classes", "class_names", "categories", "label_map", "labelmap",
              "label_names", "thing_classes", "class_mapping", "CLASS_LIST", "CLASSES", "Label",
              "label2id")  # fmt: skip
_NAME_KEYS = ("display_name", "displayName", "name", "label", "class_name", "title")
_NUMBER_KEYS = ("id", "index", "class_id", "model_idx", "value")


def readings(text: str, name: str = "") -> tuple[Reading, ...]:
    """Return the ways to read a list of labels, the most likely first.

    Args:
        text: The list.
        name: The name of its file, whose suffix may decide.

    Raises:
        ValueError: when it cannot be one, with a sentence about what is wrong; names, values and lines are as in the
            text, so escape it before it is shown.
    """
    text = text.removeprefix("\ufeff")
    found = _readings(text, PurePath(name).suffix.lower())
    for reading in found:
        _check(reading)
    return found


def _readings(text: str, suffix: str) -> tuple[Reading, ...]:
    start = text.lstrip()[:64]
    first = text.lstrip().split("\n", 1)[0].strip()
    if not start:
        return ()
    if "\0" in text:
        raise ValueError("it is not text: it has a zero byte")
    if start.startswith("version https://git-lfs"):
        raise ValueError("it is a Git LFS pointer; fetch the file itself with `git lfs pull`")
    if start.startswith("<"):
        raise ValueError("it is a web page or XML, not a list of labels; download the file itself")
    if suffix == ".json" or (start[0] in "{[" and not _BRACKETED.fullmatch(first)):
        return (_structured(_parsed(text, suffix)),)
    if assigned := _ASSIGNED.match(text):
        return (_structured(_parsed(text[assigned.end() :].rstrip().removesuffix(";"), "")),)
    if _PBTXT.match(text):
        return (pbtxt_reading(text),)
    if suffix in (".yaml", ".yml") or _YAML_NAMES.search(text):
        names = yaml_names(text)
        return (_of_value(names, "names in YAML"),)
    if max(text.count("\n"), text.count("\r")) > 2 * MAX_LABELS or text.count(",") > 10 * MAX_LABELS:
        raise ValueError(f"it is too long for a list of labels; at most {MAX_LABELS} are read")
    if len(text) > _MAX_LINE and "\n" in text.strip():
        for number, line in enumerate(lines(text), 1):
            if len(line) > _MAX_LINE:
                raise ValueError(f"line {number} has {len(line)} characters; labels have at most {_MAX_LABEL}")
    return row_readings(text)


def _parsed(text: str, suffix: str) -> Any:
    try:
        return json.loads(text, object_pairs_hook=_without_duplicates)
    except json.JSONDecodeError as error:
        problem = f"is not JSON: {error.msg} at line {error.lineno}, column {error.colno}"
    except RecursionError:
        problem = "is nested too deep"
    value = None if suffix == ".json" else _literal(text)
    if value is None:
        raise ValueError(f"it begins like JSON, but {problem}" if suffix != ".json" else f"it {problem}")
    return value


def _without_duplicates(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) < len(pairs):
        seen: set[str] = set()
        for key, _ in pairs:
            if key in seen:
                raise ValueError(f"{key[:40]!r} is given twice")
            seen.add(key)
    return found


def _literal(text: str) -> Any:
    if len(text) > _MAX_LITERAL:
        return None
    try:
        return ast.literal_eval(text.strip())
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError):
        return None


def literal(text: str) -> Any:
    """Return the value of a JSON or Python literal, ``None`` for other text."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return _literal(text)


def labels_of_literal(value: Any) -> tuple[str, ...]:
    """Return the labels by class number in a parsed literal; empty if it has none."""
    try:
        reading = _structured(value)
        _check(reading)
    except ValueError:
        return ()
    return reading.listed(0)


def _structured(value: Any) -> Reading:
    where = ""
    for _ in range(3):  # {"classes": {"Label": [...]}} in a signature.json of Lobe
        key = next(
            (key for key in _LIST_KEYS if isinstance(value, dict) and isinstance(value.get(key), list | dict)), None
        )
        if key is None:
            break
        value, where = value[key], f" under {key}"
    return _of_value(value, f"in JSON{where}")


def _of_value(value: Any, where: str) -> Reading:
    """Return the reading of a list, or of a mapping from numbers to labels or from labels to numbers."""
    if isinstance(value, Mapping | list | tuple) and len(value) > MAX_LABELS:
        raise ValueError(f"it has {len(value)} labels {where}; at most {MAX_LABELS} are read")
    if isinstance(value, Mapping) and value:
        if all(_number(key) is not None for key in value):
            names = {_number(key): _label(label) for key, label in value.items()}
            if len(names) < len(value):
                raise ValueError(f"a number is given twice {where}")
            return Reading.of_numbers(
                {n: label for n, label in names.items() if n is not None}, f"labels by number {where}"
            )
        numbers = [_number(number) for number in value.values()]
        if None not in numbers and len(set(numbers)) == len(numbers) and (0 in numbers or 1 in numbers):
            by_number = {n: str(label) for n, label in zip(numbers, value, strict=True) if n is not None}
            return Reading.of_numbers(by_number, f"numbers by label {where}")
    if isinstance(value, list | tuple) and value:
        if all(isinstance(item, str | int | float) and not isinstance(item, bool) for item in value):
            return Reading.of_rows([str(item).strip() for item in value], f"a list {where}")
        if all(isinstance(item, Mapping) for item in value):
            return _of_entries(value, where)
    raise ValueError(
        "it has no labels: wanted is a list, a mapping from numbers to labels, or one of these under names, labels, "
        "classes or id2label"
    )


def _of_entries(items: Sequence[Mapping[str, Any]], where: str) -> Reading:
    """Return the reading of a list of objects, such as the categories of COCO."""
    name = next((key for key in _NAME_KEYS if all(isinstance(item.get(key), str) for item in items)), None)
    if name is None:
        raise ValueError(f"the objects {where} have no name")
    labels = [str(item[name]).strip() for item in items]
    number = next((key for key in _NUMBER_KEYS if all(_number(item.get(key)) is not None for item in items)), None)
    if number is None:
        return Reading.of_rows(labels, f"a list of objects {where} with their {name}")
    numbers = [int(item[number]) for item in items]
    if len(set(numbers)) < len(numbers):
        raise ValueError(f"two objects {where} have the same {number}")
    return Reading.of_numbers(dict(zip(numbers, labels, strict=True)), f"objects {where} with {number} and {name}")


def _number(value: Any) -> int | None:
    if isinstance(value, bool):
        return None
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value).strip() if isinstance(value, int | str) else ""
    return int(text) if re.fullmatch(r"[0-9]{1,6}", text) else None


def _label(value: Any) -> str:
    """Return a label: text, or the last of a pair such as ``["n01440764", "tench"]``, or the name of an object."""
    if isinstance(value, list | tuple) and len(value) == 2 and all(isinstance(item, str) for item in value):
        return str(value[1]).strip()
    if isinstance(value, Mapping):
        value = next((value[key] for key in _NAME_KEYS if key in value), None)
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value).strip()
    raise ValueError(f"a label must be text, got {str(value)[:40]!r}")


def _check(reading: Reading) -> None:
    """Raise for labels that no list has: endless ones, or numbers far beyond the number of labels."""
    if not reading.names:
        return
    for number, label in reading.names.items():
        if len(label) > _MAX_LABEL:
            raise ValueError(f"label {number} has {len(label)} characters; labels have at most {_MAX_LABEL}")
    if len(reading.names) > MAX_LABELS:
        raise ValueError(f"it has {len(reading.names)} labels; at most {MAX_LABELS} are read")
    highest = max(reading.names)
    if highest > _MAX_SPARSE * len(reading.names) + 100:
        raise ValueError(f"its numbers reach {highest}, with only {len(reading.names)} labels")
    if all(label in ("", UNUSED) for label in reading.names.values()):
        raise ValueError("it has no labels")
