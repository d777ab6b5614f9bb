"""The kinds of files beside a configuration, which it lists under ``plugins:``."""

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
from .kinds import BASES, Candidate, join, name_of

ADDRESS = ("plugins",)

_BASES_IN_WORDS = "cameras.Camera, transforms.Transform, vision.VisionService or vision.Runtime"


class _Loaded(NamedTuple):
    path: Path
    source: bytes


_loaded: dict[str, _Loaded] = {}
"""What the modules of plugin files in ``sys.modules`` were made of, by their names."""


def with_files(tables: Tables, node: Node, folder: Path, problems: Problems) -> Tables:
    """Return the tables with the kinds of the files under ``plugins:``, and report whatever is wrong with them.

    This runs the files, so it is for a configuration that its user has named on the command line, and for no other.
    A file is a module of its name. Its kinds are all public classes in it that derive from the base class of a table.

    Args:
        tables: What there is without the files; kinds of files that it has already are replaced.
        node: The list of files.
        folder: The folder of the configuration; the files are in it or below.
        problems: Where to report.
    """
    tables = tables.without_files or tables
    if not isinstance(node, SequenceNode):
        if not is_empty(node):
            problems.add(node.position, ADDRESS, f"must be a list of files, got {kind_of(node)}")
        return tables
    candidates: list[Candidate] = []
    places: dict[str, tuple[Position, Address, Path]] = {}
    lines: dict[str, int] = {}
    for index, item in enumerate(node.items):
        address: Address = (*ADDRESS, index)
        written = text_of(item)
        if written is None:
            problems.add(item.position, address, f"must be the name of a file, got {shown(item)}")
            continue
        try:
            path = _path(written, folder)
            if path.stem in lines:
                raise ImportFailed(f"a file of that name is already given on line {lines[path.stem]}")
            lines[path.stem] = item.position.line
            places[written] = item.position, address, path
            candidates += _candidates(Plugin(written), _module(path))
        except ImportFailed as error:
            problems.add(item.position, address, str(error))
    joined = join(tables, candidates)
    for plugin in joined.plugins[len(tables.plugins) :]:
        position, address, path = places[plugin.name]
        kinds = {(each.table, each.name): each.kind for each in candidates if each.plugin.name == plugin.name}
        for kind in plugin.kinds:
            if kind.trouble:
                problems.add(position, address, f"{_place(path, kinds[kind.table, kind.name])}: {kind.trouble}")
    return Tables(**{**vars(joined), "without_files": tables})


def _path(written: str, folder: Path) -> Path:
    """Return the file that is meant.

    Raises:
        ImportFailed: when it is not there, or may not be loaded.
    """
    path = Path(written)
    if path.is_absolute() or ".." in path.parts or written.startswith("~"):
        raise ImportFailed(f"must be a file beside this one, or in a folder below, got {quoted(written)}")
    if path.suffix != ".py" or not path.stem.isidentifier() or keyword.iskeyword(path.stem):
        raise ImportFailed(f'must be named like a Python module, such as "my_transforms.py", got {quoted(written)}')
    try:
        found, home = (folder / path).resolve(), folder.resolve()
        if not found.is_relative_to(home):
            raise ImportFailed(f"is a link that leads out of the folder of this file, to {found}")
        if not found.is_file():
            raise ImportFailed(f"is not a file: {found}" if found.exists() else f"no such file: {found}")
    except (OSError, RuntimeError, ValueError) as error:  # too long a name, a circle of links, a NUL
        raise ImportFailed(f"cannot be looked at: {error}") from error
    return folder / path


class _Loader(SourceFileLoader):
    """Compiles a file anew: a cached file would be out of date after two changes within a second."""

    def get_code(self, fullname: str) -> CodeType:
        """Return the code of the file."""
        code: CodeType = self.source_to_code(self.get_data(self.path), self.path)
        return code


def _module(path: Path) -> ModuleType:
    """Return the module of a file; the same one as before while the file has not changed.

    Raises:
        ImportFailed: when the file cannot be read or run, or another module has its name.
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
    sys.modules[name] = module  # dataclasses and pydantic look there for what annotations name
    try:
        with failures("correct that, or take the file out of plugins", path):
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
    """Return whether something else than this file would be imported by a name; the file may be on the path itself."""
    try:
        spec = find_spec(name)
    except ValueError:  # one that was not imported in the usual way, such as __main__
        return True
    return spec is not None and (spec.origin is None or Path(spec.origin).resolve() != path.resolve())


def _candidates(plugin: Plugin, module: ModuleType) -> Iterator[Candidate]:
    """Yield the kinds of a file.

    Raises:
        ImportFailed: when it has none.
    """
    found = False
    for name, kind in vars(module).items():
        if name.startswith("_") or not isinstance(kind, type) or kind.__module__ != module.__name__:
            continue
        for table, base in BASES.items():
            if issubclass(kind, base):
                found = True
                own = name_of(kind, table)
                yield Candidate(plugin, table, own if isinstance(own, str) else kind.__name__, kind)
    if not found:
        raise ImportFailed(f"has no public class that derives from {_BASES_IN_WORDS}")


def _place(path: Path, kind: type) -> str:
    try:
        return f"{path}, line {inspect.getsourcelines(kind)[1]}"
    except (OSError, TypeError):  # a class that was made by a call
        return str(path)
