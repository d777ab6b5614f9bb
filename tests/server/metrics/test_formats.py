"""The formats, as the parsers of ``prometheus_client`` read them, and beside what its own writers write."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator

import pytest
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily, InfoMetricFamily
from prometheus_client.exposition import generate_latest
from prometheus_client.metrics_core import Metric
from prometheus_client.openmetrics.exposition import generate_latest as generate_open
from prometheus_client.openmetrics.parser import text_string_to_metric_families as parse_open
from prometheus_client.parser import text_string_to_metric_families as parse_text
from prometheus_client.registry import Collector

from cameras import Buckets
from server.metrics import OPEN_METRICS, TEXT, Family, Format

Parse = Callable[[str], Iterable[Metric]]
STRANGE = 'a\\b"c\nd {100 %} ü'


def of_all_kinds() -> list[Family]:
    build = Family("camweave_build", "info", "Versions.", "version")
    build.add(1, "0.1")
    frames = Family("camweave_frames", "counter", "Frames.", "camera", "source")
    frames.add(3, "porch", "")
    frames.add(2**40, STRANGE, "porch")
    seconds = Family("camweave_seconds", "gauge", "Seconds.")
    seconds.add(0.1)
    seconds.add(None)
    stages = Family("camweave_stage_seconds", "histogram", "Times.", "stage")
    stages.add(Buckets((0.001, 0.5, 2), (1, 0, 3, 2), 12.25), STRANGE)
    stages.add(Buckets((0.001, 0.5, 2), (0, 0, 0, 0), 0.0), "wait")
    return [build, frames, seconds, stages, Family("camweave_nothing", "gauge", "Without samples.")]


class OfTheLibrary(Collector):
    """The same, for the writers of ``prometheus_client``."""

    def collect(self) -> Iterator[Metric]:
        build = InfoMetricFamily("camweave_build", "Versions.")
        build.add_metric([], {"version": "0.1"})
        yield build
        frames = CounterMetricFamily("camweave_frames", "Frames.", labels=["camera", "source"])
        frames.add_metric(["porch", ""], 3)
        frames.add_metric([STRANGE, "porch"], 2**40)
        yield frames
        yield GaugeMetricFamily("camweave_seconds", "Seconds.", 0.1)
        stages = HistogramMetricFamily("camweave_stage_seconds", "Times.", labels=["stage"])
        stages.add_metric([STRANGE], [("0.001", 1), ("0.5", 1), ("2.0", 4), ("+Inf", 6)], 12.25)
        stages.add_metric(["wait"], [("0.001", 0), ("0.5", 0), ("2.0", 0), ("+Inf", 0)], 0.0)
        yield stages


def written(form: Format, families: Iterable[Family]) -> str:
    return "".join(form.text(family) for family in families) + form.end


@pytest.mark.parametrize(
    ("form", "parse", "generate"), [(TEXT, parse_text, generate_latest), (OPEN_METRICS, parse_open, generate_open)]
)
def test_a_format_says_what_the_library_says(
    form: Format, parse: Parse, generate: Callable[[CollectorRegistry], bytes]
) -> None:
    registry = CollectorRegistry()
    registry.register(OfTheLibrary())
    ours, theirs = written(form, of_all_kinds()), generate(registry).decode()
    assert list(parse(ours)) == list(parse(theirs))
    described = [line for line in theirs.splitlines() if line.startswith("#")]
    assert [line for line in ours.splitlines() if line.startswith("#")] == described


def test_values_that_are_no_numbers_have_their_names() -> None:
    family = Family("camweave_strange", "gauge", "Strange.", "is")
    for value in (math.inf, -math.inf, math.nan):
        family.add(value, str(value))
    assert [line.split()[-1] for line in TEXT.text(family).splitlines()[2:]] == ["+Inf", "-Inf", "NaN"]


def test_a_sample_has_a_value_for_each_label() -> None:
    family = Family("camweave_frames", "counter", "Frames.", "camera", "source")
    family.add(1, "porch")
    with pytest.raises(ValueError, match="zip"):
        TEXT.text(family)
