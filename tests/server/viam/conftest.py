"""One server for all tests of a module that need no server of their own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..conftest import check_threads, classifier, detector, threads_now
from ..served import Served
from .clients import TEXT


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("viam"), TEXT, services=(classifier(), detector())) as running:
        yield running
    check_threads(before)
