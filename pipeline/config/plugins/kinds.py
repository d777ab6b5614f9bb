"""What a class must have to be a kind, and how kinds join the tables."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cameras import Attributes, Camera, Prediction
from transforms import Transform
from vision import Runtime, RuntimeAttributes, VisionService

from ..declarations import TRANSFORM, Plugin, PluginKind, Tables

BASES: dict[str, type] = {"cameras": Camera, "transforms": Transform, "vision": VisionService, "runtimes": Runtime}
"""The base class of the kinds of each table; the order is that of ``camweave plugins``."""

OURS = "camweave itself"

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*")
_PREDICTION_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Candidate:
    """A class that a plugin offers as a kind.

    Attributes:
        plugin: Where it comes from.
        table: The table that it should join.
        name: The name that it should have there.
        kind: The class; ``None`` where there is none.
        trouble: Why it cannot be used; empty when it can.
    """

    plugin: Plugin
    table: str
    name: str
    kind: Any = None
    trouble: str = ""


def name_of(kind: type, table: str) -> Any:
    """Return the name that a class gives itself; ``None`` when it gives none."""
    return getattr(kind, _name_attribute(table), None)


def _name_attribute(table: str) -> str:
    return "type_name" if table == "transforms" else "model_name"


def trouble_with(kind: object, table: str) -> str:
    """Return what keeps an object from being a kind of a table; an empty text when nothing does."""
    base = BASES[table]
    if not (isinstance(kind, type) and issubclass(kind, base)):
        return f"{_called(kind)} is not a subclass of {base.__module__.partition('.')[0]}.{base.__name__}"
    if missing := sorted(getattr(kind, "__abstractmethods__", ())):
        return f"{kind.__name__} lacks {', '.join(missing)}; define what {base.__name__} leaves to its subclasses"
    attribute, name = _name_attribute(table), name_of(kind, table)
    if name is None:
        return f'{kind.__name__} has no {attribute}; give the class one, such as {attribute} = "{_snake(kind)}"'
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        return f'{kind.__name__}.{attribute} must be letters, digits and any of "_.:-", got {name!r}'
    return _trouble_with_attributes(kind, table) or _trouble_with_predictions(kind)


def _trouble_with_attributes(kind: type, table: str) -> str:
    wanted = RuntimeAttributes if table == "runtimes" else Attributes
    attributes = getattr(kind, "attributes_type", None)
    if not (isinstance(attributes, type) and issubclass(attributes, wanted)):
        room = "vision" if table == "runtimes" else "cameras"
        return f"{kind.__name__}.attributes_type must be a subclass of {room}.{wanted.__name__}, got {attributes!r}"
    return _trouble_with_schema(kind, attributes)


def _trouble_with_predictions(kind: Any) -> str:
    predictions = getattr(kind, "predictions", ())
    if not isinstance(predictions, tuple):
        return f"{kind.__name__}.predictions must be a tuple of classes, got {predictions!r}"
    for each in predictions:
        if not (isinstance(each, type) and issubclass(each, Prediction)):
            return f"{kind.__name__}.predictions: {_called(each)} is not a subclass of cameras.Prediction"
        for attribute in ("kind", "plural"):
            word = getattr(each, attribute, None)
            if not (isinstance(word, str) and _PREDICTION_NAME.fullmatch(word)):
                return f'{each.__name__}.{attribute} must be small letters, digits and "_", got {word!r}'
        if each.to_wire is Prediction.to_wire:
            return f"{each.__name__} lacks to_wire, which gives it to clients"
        if not hasattr(each, "item"):
            return f"{each.__name__} has no item, the class that describes what to_wire returns"
        if trouble := _trouble_with_schema(each, each.item):
            return trouble
    return ""


def _trouble_with_schema(kind: type, model: Any) -> str:
    try:
        model.model_json_schema()
    except Exception as error:  # whatever a plugin's fields and validators raise
        reason = str(error).splitlines()[0] if str(error) else ""
        return f"{kind.__name__}: {_called(model)} has no JSON Schema: {type(error).__name__}: {reason}"
    return ""


def _called(found: object) -> str:
    return found.__name__ if isinstance(found, type) else repr(found)


def _snake(kind: type) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower()


def join(tables: Tables, candidates: Iterable[Candidate]) -> Tables:
    """Return the tables with those candidates that can be used, and a record of all of them.

    A name that two kinds claim is given to neither candidate, nor taken from a kind that has it.

    Args:
        tables: What is there already.
        candidates: What should be added.
    """
    found = [
        each if each.trouble else replace(each, trouble=trouble_with(each.kind, each.table)) for each in candidates
    ]
    found = [replace(each, trouble=_taken_name(tables, each, found) or each.trouble) for each in found]
    found = [each if each.trouble else replace(each, trouble=_taken_prediction(tables, each, found)) for each in found]
    good = [each for each in found if not each.trouble]
    added: dict[str, Any] = {
        table: {**getattr(tables, table), **{each.name: each.kind for each in good if each.table == table}}
        for table in BASES
    }
    added["predictions"] = {**tables.predictions, **{new.plural: new for each in good for new in _predictions(each)}}
    return replace(tables, **added, plugins=(*tables.plugins, *_recorded(tables, found)))


def _predictions(candidate: Candidate) -> tuple[type[Prediction], ...]:
    return getattr(candidate.kind, "predictions", ())


def _taken_name(tables: Tables, candidate: Candidate, found: Sequence[Candidate]) -> str:
    """Return the sentence for a name that another kind has as well; an empty text when none has."""
    table, name = candidate.table, candidate.name
    if table not in BASES:
        return ""
    owners = [
        str(each.plugin)
        for each in found
        if each is not candidate and (each.table, each.name) == (table, name) and each.plugin != candidate.plugin
    ]
    if any(
        each is not candidate and (each.plugin, each.table, each.name) == (candidate.plugin, table, name)
        for each in found
    ):
        owners.append("another class of its own")
    if (owner := _owner(tables, table, name)) is not None:
        owners.insert(0, owner)
    if not owners:
        return ""
    word = str(PluginKind(table, name))
    return f"{' and '.join(owners)} {'has' if len(owners) == 1 else 'have'} a {word} too; rename one, or remove it"


def _owner(tables: Tables, table: str, name: str) -> str | None:
    """Return what has a name already; None when nothing has."""
    for plugin in tables.plugins:
        if any((kind.table, kind.name) == (table, name) for kind in plugin.kinds):
            return str(plugin)
    aliases = {"cameras": {*tables.camera_aliases, TRANSFORM}, "transforms": {*tables.transform_aliases}}
    return OURS if name in getattr(tables, table) or name in aliases.get(table, ()) else None


def _taken_prediction(tables: Tables, candidate: Candidate, found: Sequence[Candidate]) -> str:
    """Return the sentence for a kind of prediction whose name another one has; an empty text when none has."""
    for new in _predictions(candidate):
        for other in tables.predictions.values():
            if word := _shared(new, other):
                owner = _owner(tables, "predictions", other.plural)
                return f'the name "{word}" of its {new.__name__} is also that of a prediction of {owner}; rename one'
        for each in found:
            for other in () if each.trouble else _predictions(each):
                if word := _shared(new, other):
                    owner = f"{other.__name__} of {each.plugin}"
                    return f'the name "{word}" of its {new.__name__} is also that of {owner}; rename one'
    return ""


def _shared(one: type[Prediction], other: type[Prediction]) -> str:
    """Return the name that two kinds of predictions share; an empty text when there is none, or they are the same."""
    if one is other:
        return ""
    return next((getattr(one, key) for key in ("plural", "kind") if getattr(one, key) == getattr(other, key)), "")


def _recorded(tables: Tables, found: Sequence[Candidate]) -> Iterator[Plugin]:
    """Yield the plugins of the candidates with their kinds, those of predictions included."""
    for plugin in dict.fromkeys(each.plugin for each in found):
        own = [each for each in found if each.plugin == plugin]
        kinds = [PluginKind(each.table, each.name, each.trouble) for each in own]
        kinds += [
            PluginKind("predictions", new.plural)
            for new in dict.fromkeys(new for each in own if not each.trouble for new in _predictions(each))
            if new not in tables.predictions.values()
        ]
        yield replace(plugin, kinds=tuple(kinds))
