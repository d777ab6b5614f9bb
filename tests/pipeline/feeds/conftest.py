"""Feeds for the tests of this folder, closed after each."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.pipeline.feeds.stage import Stage


@pytest.fixture
def stage() -> Iterator[Stage]:
    built = Stage()
    yield built
    built.close()
