"""A faster start: no garbage collection while modules are imported."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """Pause the cyclic garbage collector in the block, and exempt from it what exists at the end.

    Imports make thousands of objects that stay, and next to no garbage: each full collection visits all of them in
    vain. Exempt, they do not prolong later collections either.
    """
    was_enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        gc.freeze()
        if was_enabled:
            gc.enable()
