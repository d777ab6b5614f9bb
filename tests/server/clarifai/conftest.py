"""One server for the tests of a module, reached over gRPC and as JSON."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from ..conftest import check_threads, threads_now
from ..served import CAMERAS, Served
from .clients import (
    SERVER,
    Client,
    services,
)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("clarifai"), CAMERAS + SERVER, services()) as running:
        yield running
    check_threads(before)


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    with Client(served) as made:
        yield made
