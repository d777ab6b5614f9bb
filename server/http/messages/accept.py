"""What a client wants to get, by its ``Accept`` and ``Accept-Encoding`` headers."""

from __future__ import annotations

from collections.abc import Iterable


def quality(headers: Iterable[str], name: str) -> float:
    """Return how much a client wants a media type or an encoding, from 0 to 1.

    Args:
        headers: The values of all its headers of that name.
        name: Such as ``image/png`` or ``gzip``.
    """
    ranges: dict[str, float] = {}
    for wanted, value in _ranges(",".join(headers)):
        ranges[wanted] = max(value, ranges.get(wanted, 0.0))
    for wanted in (name, f"{name.partition('/')[0]}/*", "*/*", "*"):
        if wanted in ranges:
            return ranges[wanted]
    return 0.0


def _ranges(header: str) -> list[tuple[str, float]]:
    found = []
    for entry in header.split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        value = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    value = float(parameter[2:])
                except ValueError:
                    value = 0.0
        found.append((name, value))
    return found
