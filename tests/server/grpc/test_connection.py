"""Connections for gRPC: how idle ones end, and that an answered call pays for itself."""

from __future__ import annotations

import socket

import pytest

from server.grpc import connection
from tests.security.http2 import BEGINNING, PING, frame, goodbye

from ..served import CAMERAS, Served
from ..viam.clients import Clients, asked


@pytest.mark.parametrize("data", [b"", BEGINNING, BEGINNING + frame(PING, bytes(8))])
def test_an_idle_connection_ends_with_goodbye(
    data: bytes, tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "HEAD_S", 0.2)
    monkeypatch.setattr(connection, "IDLE_S", 0.2)
    with Served(tmp_path_factory.mktemp("idle"), CAMERAS + "server: {viam: {port: 0}}\n") as served:
        (listener,) = served.running.listeners
        with socket.create_connection(("127.0.0.1", listener.port), 10) as idle:
            idle.sendall(data)
            assert goodbye(idle) == 0


def test_calls_that_are_answered_pay_for_their_frames(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "CREDIT", 50.0)
    monkeypatch.setattr(connection, "CREDIT_PER_S", 0.0)

    async def many(there: Clients) -> None:
        for _ in range(100):
            await there.camera("still").get_status()

    with Served(tmp_path_factory.mktemp("calls"), CAMERAS + "server: {viam: {port: 0}}\n") as served:
        asked(served, many)
