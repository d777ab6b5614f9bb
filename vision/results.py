"""What to do with results: keep those that count, take the best, write them for the wire. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import Any, TypeVar

from cameras import Annotation, BoundingBox, Detection

R = TypeVar("R", bound=Annotation)


def keep(items: Iterable[R], threshold: float = 0.0, labels: Collection[str] = ()) -> tuple[R, ...]:
    """Return the items that are confident enough and have one of the labels, in their order.

    Args:
        items: What was recognised.
        threshold: Lowest confidence kept, itself included.
        labels: Labels kept, in any letter case; empty keeps all.
    """
    wanted = {label.casefold() for label in labels}
    return tuple(
        item for item in items if item.confidence >= threshold and (not wanted or item.label.casefold() in wanted)
    )


def top(items: Iterable[R], n: int) -> tuple[R, ...]:
    """Return the ``n`` most confident items, highest first; 0 gives all of them. Equals stay in their order.

    Filter before this: a label that is wanted counts even where one that is not ranks above it.
    """
    ranked = sorted(items, key=lambda item: -item.confidence)
    return tuple(ranked[:n] if n > 0 else ranked)


def to_wire(annotation: Annotation, width_px: int, height_px: int) -> dict[str, Any]:
    """Return a classification or a detection as clients get it, its box in pixels of a picture of that size.

    Raises:
        TypeError: for an annotation that is no prediction, such as the outline of a crop.
    """
    item: dict[str, Any] = {"class_name": annotation.label, "confidence": annotation.confidence}
    if annotation.kind == "classification":
        return item
    if isinstance(annotation, Detection):
        return item | _box_to_wire(annotation.box, width_px, height_px)
    raise TypeError(f"a prediction is wanted, got {annotation!r}")


def _box_to_wire(box: BoundingBox, width_px: int, height_px: int) -> dict[str, Any]:
    names = ("x_min", "y_min", "x_max", "y_max")
    inside = box.clipped() or BoundingBox(0.0, 0.0, 0.0, 0.0)
    pixels = box.to_pixels(width_px, height_px)
    return dict(zip(names, pixels, strict=True)) | {f"{name}_normalized": getattr(inside, name) for name in names}
