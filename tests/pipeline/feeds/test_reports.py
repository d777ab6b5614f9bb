"""A repeated warning is logged at once, then once per interval with its number."""

import logging

import pytest

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
