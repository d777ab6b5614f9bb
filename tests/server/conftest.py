"""One server for all tests of a module; none of them changes it."""

import threading
from collections.abc import Iterator

import pytest

from cameras import BoundingBox, Classification, Detection
from tests.fakes import FakeVision

from .served import Served

LABELS = ("star", "mug", "circle", "square", "cone", "ring", "cross")


def classifier() -> FakeVision:
    """Return a service that only classifies: seven labels from 0.7 down to 0.1."""
    found = [Classification(label, round(0.7 - 0.1 * place, 1)) for place, label in enumerate(LABELS)]
    service = FakeVision("names", classifications=found)
    service.kinds = frozenset({"classifications"})
    service.labels = LABELS
    return service


def detector() -> FakeVision:
    """Return a service that only detects: a mug in the left half, and a star with half its confidence at the top."""
    mug = Detection("mug", 0.8, box=BoundingBox(0.0, 0.0, 0.5, 1.0))
    star = Detection("star", 0.4, box=BoundingBox(0.25, 0.0, 0.75, 0.5))
    service = FakeVision("boxes", detections=[mug, star])
    service.kinds = frozenset({"detections"})
    return service


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("served"), services=(classifier(), detector())) as running:
        yield running
    check_threads(before)


@pytest.fixture(autouse=True)
def nothing_left_running(request: pytest.FixtureRequest) -> Iterator[None]:
    """Check threads after every test with its own server; servers of a module are checked at their end."""
    before = threads_now()
    yield
    if not {"served", "with_tokens"} & {*request.fixturenames}:
        check_threads(before)


def threads_now() -> set[threading.Thread]:
    """Return the running threads."""
    return set(threading.enumerate())


def check_threads(before: set[threading.Thread]) -> None:
    """Fail if a thread is running that was not running before."""
    started = [thread for thread in threading.enumerate() if thread not in before]
    for thread in started:
        thread.join(5)
    left = [thread.name for thread in started if thread.is_alive()]
    if left:
        pytest.fail(f"left running: {', '.join(left)}")
