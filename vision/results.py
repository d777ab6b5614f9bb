"""What to do with results: keep those that count, take the best, write them for the wire. Pure functions."""

from __future__ import annotations

import base64
from collections.abc import Collection, Iterable
from typing import Any, TypeVar

import cv2

from cameras import Annotation, BoundingBox, Caption, Classification, Detection, Mask, Segmentation, at_size

from .minimums import lowest

R = TypeVar("R", bound=Annotation)


def keep(items: Iterable[R], threshold: float = 0.0, labels: Collection[str] = ()) -> tuple[R, ...]:
    """Return the items that are confident enough and have one of the labels, in their order.

    Args:
        items: What was recognised.
        threshold: Lowest confidence kept, itself included.
        labels: Labels kept, in any letter case; empty keeps all.
    """
    wanted, least = {label.casefold() for label in labels}, lowest(threshold)
    return tuple(item for item in items if item.confidence >= least and (not wanted or item.label.casefold() in wanted))


def top(items: Iterable[R], n: int, size: tuple[int, int] | None = None) -> tuple[R, ...]:
    """Return the ``n`` most confident items, highest first; 0 gives all of them. Equals stay in their order.

    Filter before this: a label that is wanted counts even where one that is not ranks above it.

    Args:
        items: What was recognised, all of one kind.
        n: How many at most.
        size: Width and height in pixels of the picture that masks are for: those come first that cover most of it, and
            those that have none of its pixels, as a thing of one pixel may in a small picture, are left out.
    """

    def rank(item: R) -> float:
        if size is not None and isinstance(item, Segmentation):
            return item.coverage_in(*size)
        return item.confidence

    ranks = [(rank(item), item) for item in items]
    ranked = [
        item
        for value, item in sorted(ranks, key=lambda pair: -pair[0])
        if value > 0 or size is None or not isinstance(item, Segmentation)
    ]
    return tuple(ranked[:n] if n > 0 else ranked)


def to_wire(annotation: Annotation, width_px: int, height_px: int, *, masks: bool = True) -> dict[str, Any]:
    """Return a prediction as clients get it.

    Args:
        annotation: What was recognised.
        width_px: Width of the picture that boxes and masks are for.
        height_px: Its height.
        masks: Whether a segmentation comes with its mask: a base64 PNG of the picture's size, non-zero inside.

    Raises:
        TypeError: for an annotation that is no prediction, such as the outline of a crop.
    """
    if isinstance(annotation, Classification):
        return {"class_name": annotation.label, "confidence": annotation.confidence}
    if isinstance(annotation, Detection):
        item: dict[str, Any] = {"class_name": annotation.label, "confidence": annotation.confidence}
        item |= _box_to_wire(annotation.box, width_px, height_px)
        return item if annotation.track_id is None else item | {"track_id": annotation.track_id}
    if isinstance(annotation, Segmentation):
        item = {"class_name": annotation.label, "coverage": annotation.coverage_in(width_px, height_px)}
        return item | {"mask_png": mask_png(annotation.mask, width_px, height_px)} if masks else item
    if isinstance(annotation, Caption):
        return {"text": annotation.label, "confidence": annotation.confidence}
    raise TypeError(f"a prediction is wanted, got {annotation!r}")


def mask_png(mask: Mask, width_px: int, height_px: int) -> str:
    """Return a mask as a grey PNG (0 outside, 255 inside) of a picture's size, in base64."""
    done, png = cv2.imencode(".png", at_size(mask, width_px, height_px))
    assert done
    return base64.b64encode(png.tobytes()).decode("ascii")


def _box_to_wire(box: BoundingBox, width_px: int, height_px: int) -> dict[str, Any]:
    names = ("x_min", "y_min", "x_max", "y_max")
    inside = box.clipped() or BoundingBox(0.0, 0.0, 0.0, 0.0)
    pixels = box.to_pixels(width_px, height_px)
    return dict(zip(names, pixels, strict=True)) | {f"{name}_normalized": getattr(inside, name) for name in names}
