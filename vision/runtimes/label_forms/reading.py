"""One way to read a list of labels, and how it fits the classes of a model."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from .coco import are_coco, renumbered

UNUSED = "???"
"""Placeholder for a class number that a list has no label for."""

BACKGROUND = "background"
_BACKGROUNDS = (BACKGROUND, UNUSED, "dummy", "bg", "n/a")  # lower-case names of a first label that stands for it

MAX_LABELS = 100_000
"""Most labels of a list; the longest in use has 21,843."""

_VOC, _CITYSCAPES = 20, 19
_IMAGENET = 1000  # its models have 1000 scores, or 1001 with the background first


def is_background(label: str) -> bool:
    """Return whether a first label stands for the background, such as ``__background__`` or ``???``."""
    return _plain(label) in _BACKGROUNDS


def _plain(label: str) -> str:
    return label.casefold().strip("_")


@dataclass(frozen=True)
class Reading:
    """One way to read a list of labels.

    Attributes:
        names: The labels by the numbers of the list: 0 for its first row where it has none of its own.
        form: The form of the list, for messages, such as ``one label per line``.
        first: The number of the first class: 1 for lists that number from 1.
        doubt: Why this reading needs to be confirmed by the number of classes; empty if it stands alone.
        gaps_are_classes: Whether unused numbers count as classes. Otherwise the labels may also be taken in their
            order.
        has_numbers: Whether the list itself numbers its classes.
    """

    names: Mapping[int, str]
    form: str
    first: int = 0
    doubt: str = ""
    gaps_are_classes: bool = False
    has_numbers: bool = False

    @classmethod
    def of_rows(cls, rows: Sequence[str], form: str, doubt: str = "", *, gaps_are_classes: bool = True) -> Reading:
        """Return the reading of a list without numbers of its own."""
        return cls(dict(enumerate(rows)), form, doubt=doubt, gaps_are_classes=gaps_are_classes)

    @classmethod
    def of_numbers(cls, names: Mapping[int, str], form: str, first: int | None = None, doubt: str = "") -> Reading:
        """Return the reading of a list with numbers; the lowest one being 1 shows that it numbers from 1."""
        lowest, highest = min(names), max(names)
        missing = highest - lowest + 1 - len(names)
        gaps = f" with {missing} unused" if missing else ""
        start = int(lowest == 1) if first is None else first
        return cls(names, f"{form}, {lowest} to {highest}{gaps}", start, doubt, has_numbers=True)

    @property
    def lists_background(self) -> bool:
        """Whether a label stands for the background, the first one or another."""
        return self.has_background or any(_plain(name) == BACKGROUND for name in self.names.values())

    @property
    def is_voc(self) -> bool:
        """Whether it has the 20 classes of Pascal VOC without their background, which segmenters give as class 0."""
        first, last = self._ends
        return len(self.names) == _VOC and first in ("aeroplane", "airplane") and last.startswith("tv")

    @property
    def is_cityscapes(self) -> bool:
        """Whether it has the 19 classes of Cityscapes, which have no background."""
        return len(self.names) == _CITYSCAPES and self._ends == ("road", "bicycle")

    @property
    def _ends(self) -> tuple[str, str]:
        return self.names.get(0, "").casefold(), self.names.get(len(self.names) - 1, "").casefold()

    @property
    def has_background(self) -> bool:
        """Whether the first label stands for the background."""
        return self.first == 0 and is_background(self.names.get(0, ""))

    @property
    def coco(self) -> tuple[str, ...]:
        """The labels without the background if they are those of COCO, in a row or with gaps; else empty."""
        own = self.listed(self.first or int(self.has_background))
        return own if are_coco(own) else ()

    def listed(self, start: int, stop: int | None = None) -> tuple[str, ...]:
        """Return the labels of the numbers from ``start`` on, ``???`` for unused ones."""
        last = max(self.names) + 1 if stop is None else stop
        return tuple(self.names.get(number) or UNUSED for number in range(start, last))

    def fitted(self, classes: int, *, with_background: bool = False) -> tuple[tuple[str, ...], str] | None:
        """Return the labels of a known number of classes with the reason, ``None`` if they do not fit.

        Args:
            classes: The number of scores of the model.
            with_background: Whether the first of them is the background.
        """
        return next(((names, why) for names, why in self._fits(with_background) if len(names) == classes), None)

    def _fits(self, with_background: bool) -> Iterator[tuple[tuple[str, ...], str]]:
        own, named = self.listed(self.first), len(self.names)
        if self.first == 1 and with_background:
            yield (BACKGROUND, *own), "the background is class 0"
        yield own, ""
        if self.has_background:
            yield own[1:], f"the first label, {own[0]}, stands for the background, which the model has no score for"
        if self.first == 1:
            yield (BACKGROUND, *own), "the numbers begin with 1, so class 0 is the background"
        elif not self.has_background and (with_background or len(own) == named == _IMAGENET):
            yield (BACKGROUND, *own), "the first class is the background, which is not listed"
        if coco := self.coco:
            other, why = renumbered(coco, UNUSED), f"the {len(coco)} labels of COCO, by its other numbers"
            yield other, why
            yield (BACKGROUND, *other), f"{why}, after the background"
        if not self.gaps_are_classes and named < len(own):
            in_order = tuple(self.names[number] for number in sorted(self.names))
            yield in_order, f"there are as many classes as labels ({named}), so they are in its order"
            if self.has_background:
                yield in_order[1:], "in its order, without the background"
            elif with_background:
                yield (BACKGROUND, *in_order), "in its order, after the background"

    def with_other_numbers(self) -> Reading:
        """Return the reading of the labels of COCO with its other numbers, for class 0 to be their first."""
        names = dict(enumerate(renumbered(self.coco, UNUSED)))
        return replace(self, names=names, form=f"{self.form}, by the other numbers of COCO", first=0)

    def unbounded(self, first: int | None) -> tuple[tuple[str, ...], str]:
        """Return the labels of a model that does not state its number of classes, with the reason.

        Args:
            first: The class number that the model gives its first class: 0, or 1 where 0 is the background. ``None``
                if it numbers the background like any other class.
        """
        if first is None:
            return self.listed(0), ""
        start = self.first or int(self.has_background)
        background = (BACKGROUND,) * first
        why = ""
        if start != first:
            skipped = f"the first label, {self.names[0]}, stands for the background" if self.has_background else ""
            why = f"{skipped or f'the list begins with {start}'}, and the model numbers its first class {first}"
        return (*background, *self.listed(start)), why
