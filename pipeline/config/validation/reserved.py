"""Keys and values that are reserved for later versions, refused with a message of their own."""

from __future__ import annotations

from collections.abc import Mapping

from ..nodes import Address

UNAVAILABLE = "is not available in this version"
"""The message for a reserved key or value."""

# By the block that contains the key: the nearest key above it, empty for the root.
_KEYS: Mapping[str, frozenset[str]] = {
    "": frozenset({"outputs", "servers"}),
    "cameras": frozenset({"placement", "publish", "record"}),
    "attributes": frozenset(
        {"activation", "input_size_px", "isolation", "kind", "sha256"}
    ),
    "server": frozenset({"edit", "processes", "recording"}),
}  # fmt: skip

# By the key of the value.
_VALUES: Mapping[str, frozenset[str]] = {
    "model": frozenset({"camweave", "oip", "push", "whip"}),
}


def is_reserved_key(address: Address) -> bool:
    """Return whether the key at the end of an address is reserved."""
    *above, key = address
    blocks = [step for step in above if isinstance(step, str)]
    return key in _KEYS.get(blocks[-1] if blocks else "", frozenset())


def is_reserved_value(key: str, word: str | None) -> bool:
    """Return whether a word is reserved as a value of a key."""
    return word in _VALUES.get(key, frozenset())
