"""Packages of Viam's machine files: ``${packages.ml_model.NAME}`` is the folder that a model was unpacked to."""

from __future__ import annotations

import json
from collections.abc import Iterator
from glob import escape
from pathlib import Path
from typing import Any

ML_MODEL = "ml_model"


def package_folders(text: str, folder: Path) -> dict[str, str]:
    """Return the folder of each package that a file declares, by the names used in its placeholders.

    The search goes to ``packages/NAME`` beside the file, then to where Viam's own server puts packages. A package
    that is found nowhere gets that last place, so that messages can name what is missing.

    Args:
        text: The file. One that is no machine file, or no JSON at all, has no packages.
        folder: Where it stands.
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
            place = str(_folder(name, kind, package, folder))
            found[f"packages.{kind}.{name}"] = place
            if kind == ML_MODEL:
                found[f"packages.{name}"] = place
    return found


def _folder(name: str, kind: str, package: dict[str, Any], folder: Path) -> Path:
    candidates = list(_candidates(name, kind, package, folder))
    return next((place for place in candidates if place.is_dir()), candidates[-1])


def _candidates(name: str, kind: str, package: dict[str, Any], folder: Path) -> Iterator[Path]:
    yield folder / "packages" / name
    home = Path.home() / ".viam" / "packages"
    yield home / name  # as it was until 2023
    stem = _text(package, "package").replace("/", "-")
    exact = home / "data" / kind / f"{stem}-{_text(package, 'version').replace('.', '_')}"
    yield exact
    if stem:  # "latest" is a version too
        yield from sorted(exact.parent.glob(f"{escape(stem)}-*"), reverse=True)
    yield exact


def _text(package: dict[str, Any], key: str) -> str:
    value = package.get(key)
    return value if isinstance(value, str) else ""
