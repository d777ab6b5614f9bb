"""Packages of Viam's machine files: ``${packages.ml_model.NAME}`` stands for the folder of an unpacked model."""

from __future__ import annotations

import json
from collections.abc import Iterator
from glob import escape
from pathlib import Path
from typing import Any

ML_MODEL = "ml_model"


def package_folders(text: str, folder: Path) -> dict[str, str]:
    """Return the folder of each package that a file declares, by the name in its placeholders.

    A package is searched in ``packages/NAME`` beside the file, then where Viam's server unpacks packages. A missing
    package gets the last path searched, so that error messages can name it.

    Args:
        text: The content of the file; without packages when it is not a machine file or not JSON.
        folder: The folder of the file.
    """
    if '"packages"' not in text:
        return {}
    try:
        root = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    declared = root.get("packages") if isinstance(root, dict) else None
    found = {}
    for package in declared if isinstance(declared, list) else ():
        if isinstance(package, dict) and (name := _text(package, "name")):
            kind = _text(package, "type") or ML_MODEL
            path = str(_folder(name, kind, package, folder))
            found[f"packages.{kind}.{name}"] = path
            if kind == ML_MODEL:
                found[f"packages.{name}"] = path
    return found


def _folder(name: str, kind: str, package: dict[str, Any], folder: Path) -> Path:
    paths = list(_search_paths(name, kind, package, folder))
    return next((path for path in paths if path.is_dir()), paths[-1])


def _search_paths(name: str, kind: str, package: dict[str, Any], folder: Path) -> Iterator[Path]:
    yield folder / "packages" / name
    home = Path.home() / ".viam" / "packages"
    yield home / name  # the layout until 2023
    stem = _text(package, "package").replace("/", "-")
    exact = home / "data" / kind / f"{stem}-{_text(package, 'version').replace('.', '_')}"
    yield exact
    if stem:  # for versions such as "latest": folders are named after version numbers
        yield from sorted(exact.parent.glob(f"{escape(stem)}-*"), reverse=True)
    yield exact


def _text(package: dict[str, Any], key: str) -> str:
    value = package.get(key)
    return value if isinstance(value, str) else ""
