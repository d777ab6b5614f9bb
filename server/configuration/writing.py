"""Writing a file so that readers see either the old or the new text."""

from __future__ import annotations

import codecs
import contextlib
import errno
import os
import shutil
import tempfile
from pathlib import Path

BACKUP_SUFFIX = ".bak"


def replace_text(path: Path, text: str) -> None:
    """Replace the text of a file at once, and keep the old one beside it, with ``.bak`` at the end of its name.

    A link stays a link: the file that it leads to is replaced. Owner, mode and byte order mark stay.

    Raises:
        OSError: The file cannot be written; it is as before.
    """
    path = path.resolve()
    if not os.access(path, os.W_OK):  # replacing it needs only its folder
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))
    old = path.read_bytes()
    encoding = "utf-8-sig" if old.startswith(codecs.BOM_UTF8) else "utf-8"
    _replace(path, old, path.with_name(path.name + BACKUP_SUFFIX))
    _replace(path, text.encode(encoding), path)


def _replace(like: Path, content: bytes, path: Path) -> None:
    """Replace a file, with the owner and mode of another one. Nobody else can read it before."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        status = like.stat()
        with contextlib.suppress(PermissionError):
            os.chown(name, status.st_uid, status.st_gid)
        shutil.copymode(like, name)
        os.replace(name, path)
    except BaseException:
        with contextlib.suppress(OSError):
            os.unlink(name)
        raise
