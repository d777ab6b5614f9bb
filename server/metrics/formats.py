"""The formats of measurements: the text format of Prometheus, and OpenMetrics.

They are written here and not by ``prometheus_client``, which takes twenty times as long: a server with many cameras has
thousands of lines, and sends packets in the same event loop.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from functools import lru_cache
from itertools import accumulate

from cameras import Buckets

from .family import Family

_LABELS_KEPT = 16_384
_BUCKETS_KEPT = 2048  # a kB each; those of 200 cameras


class Format:
    """One of the formats.

    Args:
        media_type: The media type.
        suffixes: What the name of a metric has after it in the lines that describe it, by its kind.
        renamed: Kinds with another name in this format.
        end: The last line.
    """

    def __init__(self, media_type: str, suffixes: dict[str, str], renamed: dict[str, str], end: str) -> None:
        self.media_type = media_type
        self._suffixes = suffixes
        self._renamed = renamed
        self.end = end

    def text(self, family: Family) -> str:
        """Return a metric with its description and all its samples; nothing without samples."""
        if not family.samples:
            return ""
        shown = family.name + self._suffixes.get(family.kind, "")
        kind = self._renamed.get(family.kind, family.kind)
        lines = [f"# HELP {shown} {family.description}\n# TYPE {shown} {kind}\n"]
        name, labels = family.name + _SAMPLES.get(family.kind, ""), family.labels
        for values, value in family.samples:
            if isinstance(value, Buckets):
                template = _histogram(name, labels, values, value.bounds)
                cumulative = tuple(accumulate(value.counts))
                lines.append(template % (*cumulative, cumulative[-1], value.total))
            else:
                lines.append(f"{_labelled(name, labels, values)} {_number(value)}\n")
        return "".join(lines)


_SAMPLES = {"counter": "_total", "info": "_info"}

TEXT = Format("text/plain; version=0.0.4; charset=utf-8", _SAMPLES, {"info": "gauge"}, "")
"""The text format of Prometheus."""

OPEN_METRICS = Format("application/openmetrics-text; version=1.0.0; charset=utf-8", {}, {}, "# EOF\n")
"""OpenMetrics."""


@lru_cache(_LABELS_KEPT)
def _labelled(name: str, names: tuple[str, ...], values: tuple[str, ...]) -> str:
    """Return the name of a sample with its labels."""
    labels = ",".join(f'{label}="{_escaped(value)}"' for label, value in zip(names, values, strict=True))
    return f"{name}{{{labels}}}" if labels else name


@lru_cache(_BUCKETS_KEPT)
def _histogram(name: str, names: tuple[str, ...], values: tuple[str, ...], bounds: Sequence[float]) -> str:
    """Return the lines of a histogram, to be filled with the counts up to each bound, the last of them, and the sum."""
    buckets = (
        _labelled(f"{name}_bucket", (*names, "le"), (*values, bound))
        for bound in (*map(_number_as_float, bounds), "+Inf")
    )
    count, total = (_labelled(f"{name}_{what}", names, values) for what in ("count", "sum"))
    lines = [line.replace("%", "%%") for line in (*buckets, count, total)]
    return " %d\n".join(lines) + " %r\n"


def _number(value: float) -> str:
    if isinstance(value, float) and not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    return repr(value)


def _number_as_float(value: float) -> str:
    return repr(float(value))


def _escaped(value: str) -> str:
    return value.replace("\\", r"\\").replace("\n", r"\n").replace('"', r"\"")
