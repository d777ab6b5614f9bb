"""One server for all tests of a module that need no server of their own, and one with tokens."""

from __future__ import annotations

import time
from collections.abc import Iterator

import pytest

from ..conftest import check_threads, threads_now
from ..served import CAMERAS, Served
from .clients import Client

TOKEN, WRONG, OTHER, PREDICTS = "all-tokens", "no-token", "other-token", "predicts-token"
RTSP = "server: {rtsp: {port: 0}}\n"
TOKENS = f"""
server:
  rtsp: {{port: 0}}
  tokens:
    - {TOKEN}
    - {{name: other, token: {OTHER}, cameras: [seen]}}
    - {{name: predicts, token: {PREDICTS}, rights: [predict]}}
"""


def sessions(served: Served, camera: str = "still") -> list[dict[str, object]]:
    """Return the sessions of a camera."""
    found: list[dict[str, object]] = served.client.get(f"/api/cameras/{camera}").json()["sessions"]
    return found


@pytest.fixture
def client(served: Served) -> Iterator[Client]:
    """Give a connection; afterwards nothing is left of its sessions."""
    with Client(port_of(served)) as client:
        yield client
    deadline_s = time.monotonic() + 10
    while sessions(served) or sessions(served, "seen"):
        assert time.monotonic() < deadline_s


def port_of(served: Served) -> int:
    """Return the port for RTSP."""
    (listener,) = served.running.listeners
    return listener.port


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("rtsp"), CAMERAS + RTSP) as running:
        yield running
    check_threads(before)


@pytest.fixture(scope="module")
def with_tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    before = threads_now()
    with Served(tmp_path_factory.mktemp("tokens"), CAMERAS + TOKENS) as running:
        yield running
    check_threads(before)
