"""What the geometric transforms share: arrays that nobody changes."""

from __future__ import annotations

from typing import Any


def read_only(array: Any) -> Any:
    """Return an array that was just made, as one that nobody changes any more."""
    array.flags.writeable = False
    return array
