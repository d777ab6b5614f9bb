"""The kinds of plugin files in another process: which files they are from, and loading these there."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path

from pipeline import Tables


def modules_of(tables: Tables) -> Iterator[tuple[str, str]]:
    """Yield name and path of each plugin file that this process has loaded, in the order of the configuration.

    A plugin package is not among them: it is installed, and imported where it is needed.
    """
    for plugin in tables.plugins:
        if plugin.version is None:
            name = Path(plugin.name).stem
            path = getattr(sys.modules.get(name), "__file__", None)
            if path is not None:
                yield name, path


def load_modules(modules: Sequence[Sequence[str]]) -> None:
    """Load plugin files as modules, each once.

    Args:
        modules: Name and path of each.
    """
    for name, path in modules:
        if name not in sys.modules:
            spec = spec_from_file_location(name, path)
            assert spec is not None and spec.loader is not None
            module = sys.modules[name] = module_from_spec(spec)
            try:
                spec.loader.exec_module(module)
            except BaseException:
                del sys.modules[name]
                raise
