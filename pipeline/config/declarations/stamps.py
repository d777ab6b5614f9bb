"""The files that a configuration names, and stamps that show when one was replaced."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

from cameras import Attributes


class Stamp(NamedTuple):
    """Shows whether a path leads to the same content as before, without reading it.

    Attributes:
        device: Number of the file system.
        inode: Number of the file in it: another one after an atomic replacement, or behind a link that was moved.
        size: Bytes.
        modified_ns: Time of the last change.
    """

    device: int
    inode: int
    size: int
    modified_ns: int


def stamp_of(path: Path) -> Stamp | None:
    """Return the stamp of a file or folder; ``None`` where there is none."""
    try:
        found = path.stat()
    except (OSError, ValueError):  # ValueError: a NUL in the name
        return None
    return Stamp(found.st_dev, found.st_ino, found.st_size, found.st_mtime_ns)


def files_in(attributes: Attributes) -> Iterator[Path]:
    """Yield the files that attributes name: those of type ``LocalPath``, also in a sequence or a block of their own."""
    for _, value in attributes:
        for each in value if isinstance(value, tuple | list) else (value,):
            if isinstance(each, Path):
                yield each
            elif isinstance(each, Attributes):
                yield from files_in(each)
