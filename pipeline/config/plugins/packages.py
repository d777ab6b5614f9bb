"""The kinds that installed packages add, declared as entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from ..declarations import Plugin, Tables
from ..nodes import Problems, is_unknown
from .imports import ImportFailed, failures
from .kinds import BASES, Contribution, join, kind_error, name_of

PREFIX = "camweave."


def with_packages(tables: Tables) -> Tables:
    """Return the tables with the kinds of all installed packages that declare some.

    A package declares each kind as an entry point in the group ``camweave.cameras``, ``camweave.transforms``,
    ``camweave.vision`` or ``camweave.runtimes``. The entry point has the name of the kind, so that the name is known
    even if the package cannot be imported. A kind that cannot be used is left out; ``Tables.plugins`` says why.

    Args:
        tables: The kinds that exist without the packages.
    """
    order = [f"{PREFIX}{table}" for table in BASES]
    installed = entry_points()  # once: it reads the metadata of every installed package
    others = sorted(group for group in installed.groups if group.startswith(PREFIX) and group not in order)
    found = [entry for group in (*order, *others) for entry in sorted(installed.select(group=group))]
    found.sort(key=lambda entry: str(_plugin(entry)))
    return join(tables, map(_contribution, found)) if found else tables


def _plugin(entry: EntryPoint) -> Plugin:
    package = entry.dist
    return Plugin(package.name, package.version) if package is not None else Plugin("unknown", "")


def _contribution(entry: EntryPoint) -> Contribution:
    plugin, table = _plugin(entry), entry.group.removeprefix(PREFIX)
    if table not in BASES:
        groups = [f"{PREFIX}{table}" for table in BASES]
        message = is_unknown(Problems(""), f'no group of entry points is called "{entry.group}"', entry.group, groups)
        return Contribution(plugin, table, entry.name, error=message)
    try:
        with failures("update the package, or uninstall it"):
            kind = entry.load()
    except ImportFailed as error:
        return Contribution(plugin, table, entry.name, error=f"{entry.value} cannot be imported: {error}")
    message = kind_error(kind, table)
    if not message and (own := name_of(kind, table)) != entry.name:
        message = f'{kind.__name__} is named "{own}"; its entry point must have the same name'
    return Contribution(plugin, table, entry.name, kind, message)
