"""What to do with predictions of any kind: keep those that count, take the best. Pure functions."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeVar

from cameras import Prediction

from .outputs import lowest

P = TypeVar("P", bound=Prediction)


def keep(items: Iterable[P], threshold: float = 0.0, labels: Collection[str] = ()) -> tuple[P, ...]:
    """Return the items that are confident enough and have one of the labels, in their order.

    Args:
        items: What was recognised.
        threshold: Lowest confidence kept, itself included.
        labels: Labels kept, in any letter case; empty keeps all.
    """
    wanted, least = {label.casefold() for label in labels}, lowest(threshold)
    return tuple(item for item in items if item.confidence >= least and (not wanted or item.label.casefold() in wanted))


def top(items: Iterable[P], n: int, size: tuple[int, int] | None = None) -> tuple[P, ...]:
    """Return the ``n`` best items, highest first; 0 gives all of them. Equals stay in their order.

    Filter before this: a label that is wanted counts even where one that is not ranks above it.

    Args:
        items: What was recognised, all of one kind.
        n: How many at most.
        size: Width and height in pixels of the picture that they are for: each kind ranks itself for it, masks by what
            they cover, and what has none of its pixels is left out. Without it the confidence counts.
    """
    ranks = [(item.confidence if size is None else item.rank(*size), item) for item in items]
    shown = [(rank, item) for rank, item in ranks if rank is not None]
    ranked = [item for _, item in sorted(shown, key=lambda pair: -pair[0])]
    return tuple(ranked[:n] if n > 0 else ranked)
