"""The kinds of Python files that a configuration lists under ``plugins:``."""

from __future__ import annotations

import inspect
import keyword
import linecache
import sys
from collections.abc import Iterator
from importlib.machinery import SourceFileLoader
from importlib.util import find_spec, module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import NamedTuple

from ..declarations import Plugin, Tables
from ..nodes import Address, Node, Position, Problems, SequenceNode, is_empty, kind_of, quoted, shown, text_of
from .imports import ImportFailed, failures
from .kinds import BASES, Contribution, join, name_of

ADDRESS = ("plugins",)

_BASE_NAMES = "cameras.Camera, transforms.Transform, vision.VisionService or vision.Runtime"


class _Loaded(NamedTuple):
    path: Path
    source: bytes


_loaded: dict[str, _Loaded] = {}
"""The files that the plugin modules in ``sys.modules`` were loaded from, by module name."""


def with_files(tables: Tables, node: Node, folder: Path, problems: Problems) -> Tables:
    """Return the tables with the kinds of the files under ``plugins:``, and report the errors of these files.

    This runs the files, so use it only for a configuration that the user has named on the command line. Each file
    becomes a module. Its kinds are its public classes that derive from the base class of a table.

    Args:
        tables: The existing kinds; kinds of plugin files among them are replaced.
        node: The list of files.
        folder: The folder of the configuration; the files must be in it or below.
        problems: Where to report.
    """
    tables = tables.without_files or tables
    if not isinstance(node, SequenceNode):
        if not is_empty(node):
            problems.add(node.position, ADDRESS, f"must be a list of files, got {kind_of(node)}")
        return tables
    contributions: list[Contribution] = []
    places: dict[str, tuple[Position, Address, Path]] = {}
    lines: dict[str, int] = {}
    for index, item in enumerate(node.items):
        address: Address = (*ADDRESS, index)
        listed = text_of(item)
        if listed is None:
            problems.add(item.position, address, f"must be the name of a file, got {shown(item)}")
            continue
        try:
            path = _path(listed, folder)
            if path.stem in lines:
                raise ImportFailed(f"a file of that name is already listed on line {lines[path.stem]}")
            lines[path.stem] = item.position.line
            places[listed] = item.position, address, path
            contributions += _contributions(Plugin(listed), _module(path))
        except ImportFailed as error:
            problems.add(item.position, address, str(error))
    joined = join(tables, contributions)
    for plugin in joined.plugins[len(tables.plugins) :]:
        position, address, path = places[plugin.name]
        kinds = {(each.table, each.name): each.kind for each in contributions if each.plugin.name == plugin.name}
        for kind in plugin.kinds:
            if kind.error:
                problems.add(position, address, f"{_place(path, kinds[kind.table, kind.name])}: {kind.error}")
    return Tables(**{**vars(joined), "without_files": tables, "files": tuple(places)})


def _path(listed: str, folder: Path) -> Path:
    """Return the path of a listed file.

    Raises:
        ImportFailed: The file does not exist or must not be loaded.
    """
    path = Path(listed)
    if path.is_absolute() or ".." in path.parts or listed.startswith("~"):
        raise ImportFailed(f"must be a file beside this one, or in a folder below, got {quoted(listed)}")
    if path.suffix != ".py" or not path.stem.isidentifier() or keyword.iskeyword(path.stem):
        raise ImportFailed(f'must be named like a Python module, such as "my_transforms.py", got {quoted(listed)}')
    try:
        found, home = (folder / path).resolve(), folder.resolve()
        if not found.is_relative_to(home):
            raise ImportFailed(f"is a link that leads out of the folder of this file, to {found}")
        if not found.is_file():
            raise ImportFailed(f"is not a file: {found}" if found.exists() else f"no such file: {found}")
    except (OSError, RuntimeError, ValueError) as error:  # the name is too long, links form a cycle, a NUL
        raise ImportFailed(f"cannot be accessed: {error}") from error
    return folder / path


class _Loader(SourceFileLoader):
    """Compiles a file every time: a ``.pyc`` file misses the second of two changes within a second."""

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of the file."""
        code: CodeType = self.source_to_code(self.get_data(self.path), self.path)
        return code


def _module(path: Path) -> ModuleType:
    """Return the module of a file; the same object as before if the file has not changed.

    Raises:
        ImportFailed: The file cannot be read or run, or another module has its name.
    """
    name = path.stem
    try:
        source = path.read_bytes()
    except OSError as error:
        raise ImportFailed(f"cannot be read: {error.strerror}") from error
    if name in _loaded:
        if name in sys.modules and _loaded[name] == (path, source):
            return sys.modules[name]
    elif _is_other_module(name, path):
        raise ImportFailed(f"has the name of another Python module, {name}; rename the file")
    spec = spec_from_file_location(name, path, loader=_Loader(name, str(path)))
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    linecache.checkcache(str(path))
    before = sys.modules.get(name)
    sys.modules[name] = module  # dataclasses and pydantic resolve annotations there
    try:
        with failures("correct it, or remove the file from plugins", path):
            spec.loader.exec_module(module)
    except ImportFailed as error:
        if before is None:
            del sys.modules[name]
        else:
            sys.modules[name] = before
        raise ImportFailed(f"cannot be loaded: {error}") from error
    _loaded[name] = _Loaded(path, source)
    return module


def _is_other_module(name: str, path: Path) -> bool:
    """Return whether importing a name finds another file than this one, which may be on the import path itself."""
    try:
        spec = find_spec(name)
    except ValueError:  # a module without a spec, such as __main__
        return True
    return spec is not None and (spec.origin is None or Path(spec.origin).resolve() != path.resolve())


def _contributions(plugin: Plugin, module: ModuleType) -> Iterator[Contribution]:
    """Yield the kinds of a file.

    Raises:
        ImportFailed: It has none.
    """
    found = False
    for name, kind in vars(module).items():
        if name.startswith("_") or not isinstance(kind, type) or kind.__module__ != module.__name__:
            continue
        for table, base in BASES.items():
            if issubclass(kind, base):
                found = True
                own = name_of(kind, table)
                yield Contribution(plugin, table, own if isinstance(own, str) else kind.__name__, kind)
    if not found:
        raise ImportFailed(f"has no public class that derives from {_BASE_NAMES}")


def _place(path: Path, kind: type) -> str:
    try:
        return f"{path}, line {inspect.getsourcelines(kind)[1]}"
    except (OSError, TypeError):  # a class created by a call of type()
        return str(path)
