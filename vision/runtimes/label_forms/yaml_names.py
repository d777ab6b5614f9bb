"""The labels of a YAML file: ``names`` of the ``data.yaml`` of a data set, or a list or mapping as the whole file."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import yaml

_LOADER: Any = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_MAX_CHARACTERS = 1024 * 1024  # names of all 21,843 classes of ImageNet take 0.7 MB
_MAX_DEPTH = 20


def yaml_names(text: str) -> Any:
    """Return the value of ``names`` as a list or mapping of texts, or the file's own list or mapping.

    Scalars stay text: ``no`` and ``on`` are labels, not truth values. Built from the parser's events, without aliases:
    no text can expand to more than its own size, and none is nested into the stack.

    Raises:
        ValueError: when the text is not such YAML.
    """
    if len(text) > _MAX_CHARACTERS:
        raise ValueError(f"it has {len(text)} characters of YAML; at most {_MAX_CHARACTERS} are read")
    try:
        root = _document(iter(yaml.parse(text, Loader=_LOADER)))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark
        place = "" if mark is None else f" at line {mark.line + 1}, column {mark.column + 1}"
        raise ValueError(f"it is not YAML: {error.problem}{place}") from None
    except yaml.YAMLError as error:
        raise ValueError(f"it is not YAML: {str(error).splitlines()[0]}") from None
    if isinstance(root, dict):
        names, count = root.get("names", root), root.get("nc")
        if isinstance(count, str) and count.isdigit() and "names" in root and int(count[:9]) != len(names):
            raise ValueError(f"nc is {count[:9]}, but names has {len(names)} labels")
        return names
    return root


def _line(event: Any) -> int:
    return int(event.start_mark.line) + 1


def _document(events: Iterator[Any]) -> Any:
    """Return the value of the first document; more than ``_MAX_DEPTH`` open lists and mappings are refused."""
    open_values: list[tuple[Any, list[str]]] = []
    for event in events:
        if isinstance(event, yaml.AliasEvent):
            raise ValueError(f"line {_line(event)}: aliases are not read in a list of labels")
        if isinstance(event, yaml.SequenceEndEvent | yaml.MappingEndEvent):
            value, _ = open_values.pop()
        elif isinstance(event, yaml.ScalarEvent):
            value = event.value
        elif isinstance(event, yaml.SequenceStartEvent | yaml.MappingStartEvent):
            open_values.append(([] if isinstance(event, yaml.SequenceStartEvent) else {}, []))
            if len(open_values) > _MAX_DEPTH:
                raise ValueError(f"line {_line(event)}: it is nested too deep")
            continue
        else:
            continue
        if not open_values:
            return value
        holder, keys = open_values[-1]
        if isinstance(holder, list):
            holder.append(value)
        elif not keys:
            if not isinstance(value, str):
                raise ValueError(f"line {_line(event)}: a key must be text")
            if value in holder:
                raise ValueError(f"line {_line(event)}: {value[:40]!r} is given twice")
            keys.append(value)
        else:
            holder[keys.pop()] = value
    return None
