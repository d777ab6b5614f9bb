"""Filtering and ranking of predictions of any kind. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeVar

from cameras import Prediction

from .outputs import with_tolerance

P = TypeVar("P", bound=Prediction)


def keep(items: Iterable[P], threshold: float = 0.0, labels: Collection[str] = ()) -> tuple[P, ...]:
    """Return the predictions that reach a confidence and have one of the labels, in their order.

    Args:
        items: The predictions.
        threshold: Lowest confidence kept, inclusive.
        labels: Labels kept, in any letter case; empty keeps all.
    """
    wanted, least = {label.casefold() for label in labels}, with_tolerance(threshold)
    return tuple(item for item in items if item.confidence >= least and (not wanted or item.label.casefold() in wanted))


def top(items: Iterable[P], n: int, size: tuple[int, int] | None = None) -> tuple[P, ...]:
    """Return the ``n`` best predictions, best first; equal ones keep their order.

    Filter by label first: a wanted label must not lose its place to an unwanted one.

    Args:
        items: The predictions, all of one kind.
        n: Most predictions returned; 0 returns all.
        size: Width and height of the picture in pixels: each kind then ranks itself (masks by the area that they
            cover), and predictions without a pixel in it are left out. Without it, the confidence ranks.
    """
    ranks = [(item.confidence if size is None else item.rank(*size), item) for item in items]
    shown = [(rank, item) for rank, item in ranks if rank is not None]
    ranked = [item for _, item in sorted(shown, key=lambda pair: -pair[0])]
    return tuple(ranked[:n] if n > 0 else ranked)
