"""A metric with its samples, as Prometheus has it."""

from __future__ import annotations

from typing import Literal

from cameras import Buckets

Kind = Literal["counter", "gauge", "histogram", "info"]


class Family:
    """All samples of one metric.

    Args:
        name: Its name, without the ``_total`` of a counter and the ``_info`` of an info.
        kind: What its values mean.
        description: One sentence.
        labels: The names of the labels of each sample.

    Attributes:
        samples: The labels of each sample, in that order, and its value; :class:`Buckets` for a histogram.
    """

    def __init__(self, name: str, kind: Kind, description: str, *labels: str) -> None:
        self.name = name
        self.kind = kind
        self.description = description
        self.labels = labels
        self.samples: list[tuple[tuple[str, ...], float | Buckets]] = []

    def add(self, value: float | Buckets | None, *labels: str) -> None:
        """Add a sample; ``None`` adds nothing."""
        if value is not None:
            self.samples.append((labels, value))
