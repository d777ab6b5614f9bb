"""Read the ``Accept`` header as far as a picture needs it."""

from __future__ import annotations

from collections.abc import Sequence


def prefers_png(headers: Sequence[str]) -> bool:
    """Tell whether PNG is wanted more than JPEG; who wants both alike, or anything, gets JPEG."""
    ranges = dict(_ranges(",".join(headers)))
    return _quality(ranges, "png") > _quality(ranges, "jpeg")


def _quality(ranges: dict[str, float], kind: str) -> float:
    for name in (f"image/{kind}", "image/*", "*/*"):
        if name in ranges:
            return ranges[name]
    return 0.0


def _ranges(header: str) -> list[tuple[str, float]]:
    found = []
    for entry in header.split(","):
        name, *parameters = (part.strip().lower() for part in entry.split(";"))
        quality = 1.0
        for parameter in parameters:
            if parameter.startswith("q="):
                try:
                    quality = float(parameter[2:])
                except ValueError:
                    quality = 0.0
        found.append((name, quality))
    return found
