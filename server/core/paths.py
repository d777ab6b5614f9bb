"""Keep the names of folders out of what clients read: a file is named alone."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from cameras import Attributes
from pipeline import Config


def folders_of(config: Config) -> tuple[str, ...]:
    """Return the folders of all files that a configuration names, each with its slash, the longest first."""
    folders = {f"{path.parent}/" for attributes in _attributes(config) for path in _paths(attributes)}
    return tuple(sorted(folders - {"//", "/", "./"}, key=len, reverse=True))


def without_folders(text: str, folders: tuple[str, ...]) -> str:
    """Return a sentence with the names of files alone."""
    for folder in folders:
        text = text.replace(folder, "")
    return text


def _attributes(config: Config) -> Iterator[Attributes]:
    yield from (camera.attributes for camera in config.cameras.values())
    yield from (model.attributes for model in config.models.values())
    for service in config.services.values():
        yield service.attributes
        if service.runtime is not None:
            yield service.runtime.attributes


def _paths(attributes: Attributes) -> Iterator[Path]:
    return (value for _, value in attributes if isinstance(value, Path))
