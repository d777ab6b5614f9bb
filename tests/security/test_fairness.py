"""A hundred costly requests at once delay the client that sends them, and nobody else."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack

import pytest

from tests.server.served import encoded
from tests.serving import Serving

from .attacks import DETECT, STANDSTILL_S, WINDOWS, Pulse, address, answer, connected, head, serving

AT_ONCE = 100
PARTS = 32
FORM = b"--x\r\nContent-Disposition: form-data; name=a; filename=a\r\n\r\n%b\r\n" % encoded()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Serving]:
    with serving(tmp_path_factory.mktemp("fair"), "limits: {bodies: 200, bodies_per_address: 200}") as running:
        yield running


def form() -> bytes:
    body = FORM * PARTS + b"--x--\r\n"
    return head(DETECT, "Content-Type: multipart/form-data; boundary=x", f"Content-Length: {len(body)}") + body


def batch() -> bytes:
    picture = {"data": {"image": {"base64": base64.b64encode(encoded()).decode()}}}
    body = json.dumps({"inputs": [picture] * PARTS}).encode()
    return head("/v2/models/red/outputs", f"Content-Length: {len(body)}") + body


@pytest.mark.parametrize(
    ("costly", "other"), [(form(), "127.0.0.2"), (batch(), "127.0.0.1")], ids=["forms", "batches of the same address"]
)
def test_another_client_does_not_wait_for_a_hundred_costly_requests(server: Serving, costly: bytes, other: str) -> None:
    """Before, the event loop worked for the flood up to 2.8 s before it answered anybody else."""

    def attack() -> set[int]:
        with ExitStack() as stack:
            flood = [stack.enter_context(connected(address(server))) for _ in range(AT_ONCE)]
            for connection in flood:
                connection.settimeout(60)
                connection.sendall(costly)
            return {answer(connection).status for connection in flood}

    longest_s = []
    for _ in range(WINDOWS):
        with Pulse(server, other) as pulse, ThreadPoolExecutor(1, initializer=lambda: os.nice(19)) as attacker:
            assert attacker.submit(attack).result() <= {200, 429, 503}
        longest_s.append(pulse.longest_work_s)
        if pulse.longest_work_s <= STANDSTILL_S:
            return
    raise AssertionError(f"the event loop worked up to {longest_s} s for others before it answered")
