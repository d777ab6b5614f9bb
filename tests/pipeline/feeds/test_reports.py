"""A repeated warning is logged at once, then once per interval with its number."""

import logging

import pytest

from pipeline.feeds.meters import Counters, Latency
from pipeline.feeds.reports import INTERVAL_S, Reports


def test_a_flood_becomes_one_line_per_interval(caplog: pytest.LogCaptureFixture) -> None:
    now = 100.0
    reports = Reports(logging.getLogger("camweave.test"), "camera porch", lambda: now)
    for number in range(50):
        reports.warn(f"refused {number}")
    assert caplog.messages == ["camera porch: refused 0"]
    now += INTERVAL_S
    reports.warn("refused again")
    assert caplog.messages[1:] == ["camera porch: 50 times, the last: refused again"]
    now += INTERVAL_S
    reports.warn("refused")
    assert caplog.messages[2:] == ["camera porch: refused"]


def test_counts_are_shared_with_those_of_the_camera() -> None:
    counters, latency = Counters(), Latency()
    first, second = (
        Reports(logging.getLogger("camweave.test"), "camera porch", lambda: 0.0, counters, latency) for _ in range(2)
    )
    first.counters.add("decoded")
    second.counters.add("decoded")
    first.latency.add("encode", 0.001)
    assert (counters["decoded"], latency.summary()) == (2, {"encode": {"p50": 1.0, "p95": 1.0}})


def test_each_failure_counts_as_an_error(caplog: pytest.LogCaptureFixture) -> None:
    reports = Reports(logging.getLogger("camweave.test"), "camera porch", lambda: 0.0)
    for _ in range(3):
        reports.failed("cannot be decoded")
    assert reports.counters["errors"] == 3
    assert caplog.messages == ["camera porch: cannot be decoded"], "but it is one line in the log"
