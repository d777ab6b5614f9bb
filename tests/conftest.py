"""Checks for every test: it leaves no thread running, and with CI set, only the allowed skips remain."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Generator, Iterator

import pytest

from tests.shared import NEEDS_CASES, NEEDS_DATA

MAY_SKIP = (NEEDS_DATA, NEEDS_CASES, "tflite-runtime has no wheel for this Python")

ENDS_WITHIN_S = 5.0


@pytest.fixture(autouse=True)
def nothing_left_running() -> Iterator[None]:
    """Fail a test that leaves a thread running."""
    before = set(threading.enumerate())
    yield
    deadline = time.monotonic() + ENDS_WITHIN_S
    started = [thread for thread in threading.enumerate() if thread not in before]
    for thread in started:
        thread.join(max(deadline - time.monotonic(), 0.0))
    left = [thread.name for thread in started if thread.is_alive()]
    if left:
        pytest.fail(f"left running: {', '.join(left)}")


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Generator[None, object, None]:
    """Turn a skip into a failure if CI is set, unless its reason is in ``MAY_SKIP``."""
    outcome = yield
    report = outcome.get_result()  # type: ignore[attr-defined]  # pluggy's result is not exported with a type
    if report.skipped and os.environ.get("CI") and not hasattr(report, "wasxfail"):
        reason = str(report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr)
        if not any(allowed in reason for allowed in MAY_SKIP):
            report.outcome = "failed"
            report.longrepr = f"with CI set, this skip is not allowed: {reason}"
