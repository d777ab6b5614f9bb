"""The kinds of installed packages, which name them as entry points."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points

from ..declarations import Plugin, Tables
from ..nodes import Problems, is_unknown
from .imports import ImportFailed, failures
from .kinds import BASES, Candidate, join, name_of, trouble_with

PREFIX = "camweave."


def with_packages(tables: Tables) -> Tables:
    """Return the tables with the kinds of the packages that are installed beside the program.

    A package names each of its kinds as an entry point, in the group ``camweave.cameras``, ``camweave.transforms``,
    ``camweave.vision`` or ``camweave.runtimes``. Its name is the name of the kind, so that a kind is known by its name
    even when its package cannot be imported. What cannot be used is left out; ``Tables.plugins`` says why.

    Args:
        tables: What there is without the packages.
    """
    order = [f"{PREFIX}{table}" for table in BASES]
    others = sorted(group for group in entry_points().groups if group.startswith(PREFIX) and group not in order)
    found = [entry for group in (*order, *others) for entry in sorted(entry_points(group=group))]
    found.sort(key=lambda entry: str(_plugin(entry)))
    return join(tables, map(_candidate, found)) if found else tables


def _plugin(entry: EntryPoint) -> Plugin:
    package = entry.dist
    return Plugin(package.name, package.version) if package is not None else Plugin("unknown", "")


def _candidate(entry: EntryPoint) -> Candidate:
    plugin, table = _plugin(entry), entry.group.removeprefix(PREFIX)
    if table not in BASES:
        groups = [f"{PREFIX}{table}" for table in BASES]
        trouble = is_unknown(Problems(""), f'no group of entry points is called "{entry.group}"', entry.group, groups)
        return Candidate(plugin, table, entry.name, trouble=trouble)
    try:
        with failures("update the package, or uninstall it"):
            kind = entry.load()
    except ImportFailed as error:
        return Candidate(plugin, table, entry.name, trouble=f"{entry.value} cannot be imported: {error}")
    trouble = trouble_with(kind, table)
    if not trouble and (own := name_of(kind, table)) != entry.name:
        trouble = f'{kind.__name__} calls itself "{own}"; its entry point must have the same name'
    return Candidate(plugin, table, entry.name, kind, trouble)
