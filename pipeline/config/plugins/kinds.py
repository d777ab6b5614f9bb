"""Checking the classes that plugins contribute as kinds, and adding them to the tables."""

from __future__ import annotations

import inspect
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

from cameras import Attributes, Camera, Prediction
from transforms import Transform
from vision import Runtime, RuntimeAttributes, VisionService

from ..declarations import Plugin, PluginKind, Tables

BASES: dict[str, type] = {"cameras": Camera, "transforms": Transform, "vision": VisionService, "runtimes": Runtime}
"""The base class of each table's kinds, in the order in which ``camweave plugins`` lists them."""

PROGRAM = "camweave itself"

_ARGUMENTS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "cameras": (("name", "attributes"), ("paced",)),
    "transforms": (("attributes", "services"), ()),
    "vision": (("name", "attributes", "runtime"), ("runtimes",)),
    "runtimes": (("file", "num_threads", "providers"), ()),
}
"""How the kinds of each table are constructed: the positional arguments, and those passed by name."""

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.:-]*")
_PREDICTION_NAME = re.compile(r"[a-z][a-z0-9_]*")


@dataclass(frozen=True)
class Contribution:
    """A class that a plugin contributes as a kind.

    Attributes:
        plugin: The plugin.
        table: The table to add it to.
        name: Its key in that table.
        kind: The class; ``None`` if it could not be imported.
        error: Why it cannot be used; empty if it can.
    """

    plugin: Plugin
    table: str
    name: str
    kind: Any = None
    error: str = ""


def name_of(kind: type, table: str) -> Any:
    """Return the ``type_name`` or ``model_name`` of a class; ``None`` if it has none."""
    return getattr(kind, _name_attribute(table), None)


def _name_attribute(table: str) -> str:
    return "type_name" if table == "transforms" else "model_name"


def kind_error(kind: object, table: str) -> str:
    """Return why an object cannot be a kind of a table; an empty string if it can."""
    base = BASES[table]
    if not (isinstance(kind, type) and issubclass(kind, base)):
        return f"{_called(kind)} is not a subclass of {base.__module__.partition('.')[0]}.{base.__name__}"
    if missing := sorted(getattr(kind, "__abstractmethods__", ())):
        return f"{kind.__name__} lacks {', '.join(missing)}, which every subclass of {base.__name__} must define"
    attribute, name = _name_attribute(table), name_of(kind, table)
    if name is None:
        return f'{kind.__name__} has no {attribute}; give the class one, such as {attribute} = "{_snake(kind)}"'
    if not (isinstance(name, str) and _NAME.fullmatch(name)):
        return f'{kind.__name__}.{attribute} must be letters, digits and any of "_.:-", got {name!r}'
    return _attributes_error(kind, table) or _predictions_error(kind) or _constructor_error(kind, table)


def _attributes_error(kind: type, table: str) -> str:
    wanted = RuntimeAttributes if table == "runtimes" else Attributes
    attributes = getattr(kind, "attributes_type", None)
    if not (isinstance(attributes, type) and issubclass(attributes, wanted)):
        room = "vision" if table == "runtimes" else "cameras"
        return f"{kind.__name__}.attributes_type must be a subclass of {room}.{wanted.__name__}, got {attributes!r}"
    return _schema_error(kind, attributes)


def _constructor_error(kind: Any, table: str) -> str:
    positional, named = _ARGUMENTS[table]
    try:
        inspect.signature(kind).bind(*positional, **dict.fromkeys(named))
    except TypeError as error:
        wanted = ", ".join((*positional, *(f"{name}=" for name in named)))
        return f"{kind.__name__}.__init__ must take ({wanted}) as that of {BASES[table].__name__} does: {error}"
    except ValueError:  # written in C, without a signature
        return ""
    return ""


def _predictions_error(kind: Any) -> str:
    predictions = getattr(kind, "predictions", ())
    if not isinstance(predictions, tuple):
        return f"{kind.__name__}.predictions must be a tuple of classes, got {predictions!r}"
    for each in predictions:
        if not (isinstance(each, type) and issubclass(each, Prediction)):
            return f"{kind.__name__}.predictions: {_called(each)} is not a subclass of cameras.Prediction"
        for attribute in ("kind", "plural"):
            word = getattr(each, attribute, None)
            if not (isinstance(word, str) and _PREDICTION_NAME.fullmatch(word)):
                return f'{each.__name__}.{attribute} must be lower-case letters, digits and "_", got {word!r}'
        if each.to_wire is Prediction.to_wire:
            return f"{each.__name__} lacks to_wire, which makes what clients receive"
        if not hasattr(each, "item"):
            return f"{each.__name__} has no item, the class that describes what to_wire returns"
        if error := _schema_error(each, each.item):
            return error
    return ""


def _schema_error(kind: type, model: Any) -> str:
    try:
        model.model_json_schema()
    except Exception as error:  # a plugin's fields and validators can raise anything
        reason = str(error).splitlines()[0] if str(error) else ""
        return f"{kind.__name__}: {_called(model)} has no JSON Schema: {type(error).__name__}: {reason}"
    return ""


def _called(found: object) -> str:
    return found.__name__ if isinstance(found, type) else repr(found)


def _snake(kind: type) -> str:
    return re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", kind.__name__).lower()


def join(tables: Tables, contributions: Iterable[Contribution]) -> Tables:
    """Return the tables with the usable contributions added, and with all contributions listed in ``plugins``.

    A name that two contributions claim goes to neither. A kind that is already in the tables keeps its name.

    Args:
        tables: The existing kinds.
        contributions: The kinds to add.
    """
    found = [each if each.error else replace(each, error=kind_error(each.kind, each.table)) for each in contributions]
    found = [replace(each, error=_taken_name(tables, each, found) or each.error) for each in found]
    found = [each if each.error else replace(each, error=_taken_prediction(tables, each, found)) for each in found]
    good = [each for each in found if not each.error]
    added: dict[str, Any] = {
        table: {**getattr(tables, table), **{each.name: each.kind for each in good if each.table == table}}
        for table in BASES
    }
    added["predictions"] = {**tables.predictions, **{new.plural: new for each in good for new in _predictions(each)}}
    return replace(tables, **added, plugins=(*tables.plugins, *_recorded(tables, found)))


def _predictions(contribution: Contribution) -> tuple[type[Prediction], ...]:
    return getattr(contribution.kind, "predictions", ())


def _taken_name(tables: Tables, contribution: Contribution, found: Sequence[Contribution]) -> str:
    """Return an error message if another kind has the same name, else an empty string."""
    table, name = contribution.table, contribution.name
    if table not in BASES:
        return ""
    owners = [
        str(each.plugin)
        for each in found
        if each is not contribution and (each.table, each.name) == (table, name) and each.plugin != contribution.plugin
    ]
    if any(
        each is not contribution and (each.plugin, each.table, each.name) == (contribution.plugin, table, name)
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
    """Return the plugin or program that already uses a name; ``None`` if the name is free."""
    for plugin in tables.plugins:
        if any((kind.table, kind.name) == (table, name) for kind in plugin.kinds):
            return str(plugin)
    aliases = {"cameras": {*tables.camera_aliases, *tables.producers}, "transforms": {*tables.transform_aliases}}
    return PROGRAM if name in getattr(tables, table) or name in aliases.get(table, ()) else None


def _taken_prediction(tables: Tables, contribution: Contribution, found: Sequence[Contribution]) -> str:
    """Return an error message if one of its predictions has the name of another one, else an empty string."""
    for new in _predictions(contribution):
        for other in tables.predictions.values():
            if word := _shared(new, other):
                owner = _owner(tables, "predictions", other.plural)
                return f'the name "{word}" of its {new.__name__} is also that of a prediction of {owner}; rename one'
        for each in found:
            for other in () if each.error else _predictions(each):
                if word := _shared(new, other):
                    owner = f"{other.__name__} of {each.plugin}"
                    return f'the name "{word}" of its {new.__name__} is also that of {owner}; rename one'
    return ""


def _shared(one: type[Prediction], other: type[Prediction]) -> str:
    """Return a name that two different kinds of predictions share; an empty string if they share none."""
    if one is other:
        return ""
    return next((getattr(one, key) for key in ("plural", "kind") if getattr(one, key) == getattr(other, key)), "")


def _recorded(tables: Tables, found: Sequence[Contribution]) -> Iterator[Plugin]:
    """Yield the plugins of the contributions with all their kinds, including predictions."""
    for plugin in dict.fromkeys(each.plugin for each in found):
        own = [each for each in found if each.plugin == plugin]
        kinds = [PluginKind(each.table, each.name, each.error) for each in own]
        kinds += [
            PluginKind("predictions", new.plural)
            for new in dict.fromkeys(new for each in own if not each.error for new in _predictions(each))
            if new not in tables.predictions.values()
        ]
        yield replace(plugin, kinds=tuple(kinds))
