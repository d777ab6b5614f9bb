"""The number of files that the process may have open, and the errors when there are too many."""

from __future__ import annotations

import contextlib
import errno
import resource

FILES_WANTED = 65_536
"""Enough for all connections, viewers and files together; more is never needed."""

_EXHAUSTED = frozenset({errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM})


def is_exhausted(error: OSError) -> bool:
    """Return whether the system has no file descriptor or memory left."""
    return error.errno in _EXHAUSTED


def raise_file_limit() -> int:
    """Raise the number of open files to what the system allows this process; return it.

    Many systems start processes with 1024, and every connection, viewer and file takes one.
    """
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = FILES_WANTED if hard == resource.RLIM_INFINITY else min(FILES_WANTED, hard)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return soft
    with contextlib.suppress(OSError, ValueError):
        resource.setrlimit(resource.RLIMIT_NOFILE, (wanted, hard))
        return wanted
    return soft
