"""Keep the heap small, and return the memory of freed frames to the system."""

from __future__ import annotations

import ctypes
from collections.abc import Callable

HEAPS_MAX = 1
"""Heaps of glibc, which makes up to eight for each core otherwise."""

_M_ARENA_MAX = -8  # malloc.h


def _find(name: str) -> Callable[..., int] | None:
    """Return a function of glibc's allocator; ``None`` where there is none: others manage by themselves, or cannot."""
    try:
        function: Callable[..., int] = getattr(ctypes.CDLL(None), name)
    except (OSError, AttributeError):
        return None
    return function


_trim = _find("malloc_trim")
_set_option = _find("mallopt")


def limit_heaps() -> None:
    """Let all threads share one heap; call it before they start. Does nothing where that is not possible.

    Cameras, lines and encoders come and go with their threads, and a heap of each keeps what the next one could use:
    after 400 viewers had come and left, 255 MB stayed allocated, with one heap 168 MB, as after the first fifty.
    """
    if _set_option is not None:
        _set_option(_M_ARENA_MAX, HEAPS_MAX)


def release_memory() -> None:
    """Return free memory to the system; does nothing where that is not possible.

    glibc keeps freed memory in one heap per few threads, and pictures of many sizes fragment these heaps: after 30
    viewers had come and left, 477 MB stayed allocated, 279 MB of them in use. A call takes about 10 ms for 100 MB,
    without the interpreter's lock: call it at the end of a camera, a line or an encoder, not per frame.
    """
    if _trim is not None:
        _trim(0)
