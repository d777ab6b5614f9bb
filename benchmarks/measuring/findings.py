"""What a benchmark has found: values with their spread, what stands beside them, their target, and the table of all."""

from __future__ import annotations

import json
import os
import platform
import statistics
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


class Outcome(StrEnum):
    """Whether a value has reached its target."""

    REACHED = "reached"
    MISSED = "MISSED"
    NO_TARGET = ""


@dataclass(frozen=True)
class Target:
    """The limit of a value.

    Attributes:
        limit: In the unit of the value.
        at_most: Whether the value must not be above the limit; else it must not be below.
    """

    limit: float
    at_most: bool = True

    def __str__(self) -> str:
        return f"{'<=' if self.at_most else '>='} {self.limit:g}"


def at_most(limit: float) -> Target:
    """Return the target of a value that must not be above a limit."""
    return Target(limit)


def at_least(limit: float) -> Target:
    """Return the target of a value that must not be below a limit."""
    return Target(limit, at_most=False)


@dataclass(frozen=True)
class Finding:
    """One row of the table.

    Attributes:
        what: What was measured.
        values: One for each repetition, at least one. The median counts, the range is the spread.
        unit: Of the values, such as ``ms``; empty for a ratio.
        beside: What was measured in the same run to compare with, with its own figure; empty if there is nothing.
        target: What the median must reach; None if it is only told.
    """

    what: str
    values: tuple[float, ...]
    unit: str = ""
    beside: str = ""
    target: Target | None = None

    def __post_init__(self) -> None:
        if not self.values:
            raise ValueError(f"{self.what}: a finding needs at least one value, got none")

    @property
    def value(self) -> float:
        """The median of the values."""
        return statistics.median(self.values)

    @property
    def outcome(self) -> Outcome:
        """Whether the value has reached the target. A value that is not a number has not."""
        if self.target is None:
            return Outcome.NO_TARGET
        limit = self.target.limit
        reached = self.value <= limit if self.target.at_most else self.value >= limit
        return Outcome.REACHED if reached else Outcome.MISSED


@dataclass(frozen=True)
class Findings:
    """All that one benchmark has found.

    Attributes:
        rows: Rows of the table of all benchmarks.
        details: Rows of a table of its own with what led to them; each has the same keys, the headings.
        notes: Sentences on what the table cannot say.
    """

    rows: Sequence[Finding]
    details: Sequence[Mapping[str, Any]] = ()
    notes: Sequence[str] = field(default=())


HEADINGS = ("benchmark", "measured", "value", "unit", "spread", "beside it", "target", "")


def shown(number: float) -> str:
    """Return a number with three significant digits, and no fewer than all before the point."""
    if number != number:
        return "nan"
    size = abs(number)
    return (
        f"{number:.0f}"
        if size >= 100
        else f"{number:.1f}"
        if size >= 10
        else f"{number:.2f}"
        if size >= 0.1
        else f"{number:.3f}"
    )


def table(headings: Sequence[str], rows: Sequence[Sequence[str]], numbers: Sequence[int] = ()) -> str:
    """Return an aligned table in the form of Markdown.

    Args:
        headings: Of the columns.
        rows: As many cells each.
        numbers: The columns that are aligned to the right.
    """
    widths = [max(len(row[column]) for row in (headings, *rows)) for column in range(len(headings))]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.rjust(width) if column in numbers else cell.ljust(width)
            for column, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    rule = [f"{'-' * (width + 1)}:" if column in numbers else "-" * (width + 2) for column, width in enumerate(widths)]
    return "\n".join([line(headings), f"|{'|'.join(rule)}|", *map(line, rows)])


def table_of(found: Mapping[str, Findings]) -> str:
    """Return the table of all benchmarks, by name."""
    rows = [
        (
            name,
            row.what,
            shown(row.value),
            row.unit,
            f"{shown(min(row.values))} to {shown(max(row.values))}" if len(row.values) > 1 else "",
            row.beside,
            str(row.target or ""),
            row.outcome,
        )
        for name, findings in found.items()
        for row in findings.rows
    ]
    return table(HEADINGS, rows, numbers=(2,))


def details_of(findings: Findings) -> str:
    """Return the details of a benchmark as a table; empty if it has none."""
    if not findings.details:
        return ""
    headings = list(findings.details[0])
    rows = [
        [shown(cell) if isinstance(cell, float) else str(cell) for cell in detail.values()]
        for detail in findings.details
    ]
    return table(headings, rows, numbers=range(len(headings)))


def machine() -> str:
    """Return the cores, the processor's architecture and the Python of this machine."""
    return f"{os.cpu_count()} cores, {platform.machine()}, Python {platform.python_version()}"


def json_of(found: Mapping[str, Findings]) -> str:
    """Return everything as JSON: ``{"machine": ..., "benchmarks": {NAME: {"rows": [...], "details": [...], ...}}}``."""
    benchmarks = {
        name: {
            "rows": [
                {
                    "measured": row.what,
                    "value": row.value,
                    "unit": row.unit,
                    "spread": [min(row.values), max(row.values)],
                    "values": list(row.values),
                    "beside": row.beside or None,
                    "target": None if row.target is None else str(row.target),
                    "reached": None if row.target is None else row.outcome is Outcome.REACHED,
                }
                for row in findings.rows
            ],
            "details": [dict(detail) for detail in findings.details],
            "notes": list(findings.notes),
        }
        for name, findings in found.items()
    }
    return json.dumps({"machine": machine(), "benchmarks": benchmarks}, indent=1)
