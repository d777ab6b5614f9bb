"""The output options of a request: ``model.output_info.output_config``."""

from __future__ import annotations

import struct
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, TypeVar

from .codes import Code, Refused

R = TypeVar("R")

CONCEPTS_DEFAULT = 20


@dataclass(frozen=True)
class OutputConfig:
    """The options of Clarifai's ``OutputConfig``: the part of a result that a client wants.

    Attributes:
        max_concepts: Maximum number of items; 0 is 20 concepts, or all regions.
        min_value: Lowest value to keep, inclusive.
        selected: Concepts to keep, by id or name in lower case; empty keeps all.
    """

    max_concepts: int = 0
    min_value: float = 0.0
    selected: frozenset[str] = frozenset()

    @classmethod
    def of(cls, message: Any) -> OutputConfig:
        """Return the options in a message.

        Raises:
            Refused: A value is out of range or missing.
        """
        if not 0 <= message.min_value <= 1:
            details = f"min_value must be between 0 and 1, got {message.min_value:g}"
            raise Refused(Code.PREDICT_INVALID_REQUEST, details)
        selected = [concept.name or concept.id for concept in message.select_concepts]
        if not all(selected):
            raise Refused(Code.PREDICT_INVALID_REQUEST, "each of select_concepts must have an id or a name")
        return cls(message.max_concepts, message.min_value, frozenset(word.casefold() for word in selected))

    def concepts(self, items: Iterable[R], label: Callable[[R], str], value: Callable[[R], float]) -> list[R]:
        """Return the wanted items for the whole picture, in order."""
        return self._kept(items, label, value)[: self.max_concepts or CONCEPTS_DEFAULT]

    def regions(self, items: Iterable[R], label: Callable[[R], str], value: Callable[[R], float]) -> list[R]:
        """Return the wanted items with a region, each with one concept, in order."""
        return self._kept(items, label, value)[: self.max_concepts or None]

    def _kept(self, items: Iterable[R], label: Callable[[R], str], value: Callable[[R], float]) -> list[R]:
        return [
            item
            for item in items
            if _as_sent(value(item)) >= self.min_value
            and (not self.selected or label(item).casefold() in self.selected)
        ]


def _as_sent(value: float) -> float:
    """Return a value in the precision of a message, which ``min_value`` has too."""
    rounded: float = struct.unpack("f", struct.pack("f", value))[0]
    return rounded
