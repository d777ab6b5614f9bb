"""The gRPC port: limits, tokens, TLS, and how it closes."""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import grpc
import numpy as np
import pytest
from clarifai_grpc.grpc.api import service_pb2

from cameras import Classification, Frame
from server.clarifai import grpc_server
from server.core import (
    TRIES,
)
from server.program import StartError
from tests.certificates import certificate
from tests.fakes import FakeVision

from ..conftest import check_threads, classifier, threads_now
from ..served import CAMERAS, Served, encoded, limited
from .clients import (
    PAT,
    PATHS,
    SERVER,
    Client,
    concepts,
    json_input,
    name,
    request_for,
    services,
)


def test_a_large_message_is_accepted(client: Client) -> None:
    noise = np.random.default_rng(3).integers(0, 255, (1200, 1600, 3), np.uint8)
    assert len(encoded(".bmp", noise)) > 5_000_000
    assert name(client.ask("teller", *[encoded(".bmp", noise)] * 5).status) == "SUCCESS"


def test_the_refusal_of_other_calls_is_explained(client: Client) -> None:
    with pytest.raises(grpc.RpcError) as caught:
        client.stub.GetModel(service_pb2.GetModelRequest(model_id="names"))
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED
    assert caught.value.details() == (
        "camweave does not support /clarifai.api.V2/GetModel; "
        "of Clarifai's calls it supports /clarifai.api.V2/PostModelOutputs"
    )
    with pytest.raises(grpc.RpcError) as caught:
        list(client.stub.GenerateModelOutputs(request_for("names", encoded())))
    assert caught.value.code() == grpc.StatusCode.UNIMPLEMENTED


def test_bytes_that_are_not_a_message_are_refused(served: Served) -> None:
    with Client(served) as client:
        read = service_pb2.MultiOutputResponse.FromString
        call = client.channel.unary_unary(grpc_server.METHOD, lambda data: data, read)
        assert name(call(b"\xff\xff", timeout=10).status) == "CONN_BAD_REQUEST_FORMAT"
        assert name(call(b"", timeout=10).status) == "MODEL_DOES_NOT_EXIST"


def test_a_call_beyond_the_limit_is_throttled_before_it_is_read(served: Served, client: Client) -> None:
    with limited(served, bodies=0):
        assert name(client.ask("names", bytes(15_000_000)).status) == "CONN_THROTTLED"
    with limited(served, bodies_per_address=0):
        assert name(client.ask("names", bytes(15_000_000)).status) == "CONN_THROTTLED"


def test_a_call_that_has_ended_no_longer_counts(served: Served, client: Client) -> None:
    with limited(served, bodies=1):
        assert [name(client.ask("names", encoded()).status) for _ in range(3)] == ["SUCCESS"] * 3


class Slow(FakeVision):
    """Blocks until the test releases it."""

    def __init__(self) -> None:
        super().__init__("slow")
        self.begun, self.enough = threading.Event(), threading.Event()

    def _classify(self, frame: Frame) -> tuple[Classification, ...]:
        self.begun.set()
        self.enough.wait(30)
        return ()


def test_the_server_answers_and_can_close_while_a_model_runs(
    tmp_path: Path, caplog: pytest.LogCaptureFixture, capfd: pytest.CaptureFixture[str]
) -> None:
    slow = Slow()
    with contextlib.ExitStack() as stack:
        stack.callback(slow.enough.set)
        with Served(tmp_path, CAMERAS + SERVER, (slow, classifier())) as fresh:
            client = stack.enter_context(Client(fresh))
            ask = client.stub.PostModelOutputs
            with pytest.raises(grpc.RpcError):
                ask(request_for("slow", encoded()), timeout=0.2)
            waiting = ask.future(request_for("slow", encoded()), timeout=30)
            assert slow.begun.wait(10)
            assert fresh.client.get("/healthz").status_code == 200
            assert name(client.ask("poems", encoded()).status) == "MODEL_DOES_NOT_EXIST"
            began = time.monotonic()
        assert time.monotonic() - began < 5
        assert waiting.exception().code() == grpc.StatusCode.UNAVAILABLE
        # Old versions of gRPC log an error of their own if a process has two event loops, as only this test has.
        said = [record for record in caplog.records if record.levelname == "ERROR" and record.name != "asyncio"]
        assert said == []
        assert capfd.readouterr().err == ""


def test_a_request_that_does_not_arrive_is_refused(served: Served) -> None:
    with limited(served, body_idle_s=0.1), Client(served) as client:
        call = client.channel.stream_unary(grpc_server.METHOD, lambda data: data, lambda data: data)

        held = threading.Event()

        def never() -> Iterator[bytes]:
            held.wait()
            yield from ()

        try:
            with pytest.raises(grpc.RpcError) as caught:
                call(never(), timeout=10)
        finally:
            held.set()
        assert caught.value.code() == grpc.StatusCode.DEADLINE_EXCEEDED
        assert caught.value.details() == "the request arrived too slowly"


def test_a_certificate_turns_on_tls(tmp_path: Path) -> None:
    cert, key = certificate(tmp_path)
    text = f"server: {{clarifai: {{port: 0, tls: {{cert: {cert.name}, key: {key.name}}}}}}}\n"
    with Served(tmp_path, CAMERAS + text, services()) as fresh:
        with Client(fresh, root_certificates_path=str(cert)) as client:
            assert concepts(client.ask("names", encoded(), max_concepts=1)) == ["star"]


def test_the_error_names_a_port_in_use(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(StartError, match=f"127.0.0.1:{port}: the port is in use .* with server.clarifai.port"):
            with Served(tmp_path, CAMERAS + SERVER.replace("port: 0", f"port: {port}")):
                pass


GUEST = "{name: guest, token: only-for-viewing, rights: [view]}"


@pytest.fixture(scope="module")
def with_tokens(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    """Return a server with tokens."""
    before = threads_now()
    text = CAMERAS + f"server: {{clarifai: {{port: 0}}, tokens: [{PAT}, another-token, {GUEST}]}}\n"
    with Served(tmp_path_factory.mktemp("with_tokens"), text, services()) as running:
        yield running
    check_threads(before)


@pytest.mark.parametrize(
    ("authorization", "code", "status"),
    [
        (None, 11009, 401),
        ("Key", 11009, 401),
        ("Key none", 11008, 401),
        (f"Key {PAT[:-1]}", 11008, 401),
        (f"Basic {PAT}", 11008, 401),
        (f"Key {PAT}", 10000, 200),
        ("Key another-token", 10000, 200),
    ],
)
def test_a_server_with_tokens_requires_one(
    with_tokens: Served, authorization: str | None, code: int, status: int
) -> None:
    with_tokens.running.backend.tokens._wrong.clear()
    metadata = (("authorization", authorization),) if authorization is not None else ()
    with Client(with_tokens) as client:
        reply = client.stub.PostModelOutputs(request_for("names", encoded()), metadata=metadata, timeout=30)
    assert (reply.status.code, bool(reply.outputs)) == (code, code == 10000)
    headers = {"Authorization": authorization} if authorization is not None else {}
    response = with_tokens.client.post(PATHS[0], json={"inputs": [json_input(encoded())]}, headers=headers)
    body = response.json()["status"]
    assert (response.status_code, body["code"], body["description"]) == (status, code, reply.status.description)
    assert body["req_id"] and body.get("details", "") == reply.status.details
    assert PAT not in response.text + str(reply)


def test_wrong_tokens_count_on_both_ports_together(with_tokens: Served) -> None:
    with_tokens.running.backend.tokens._wrong.clear()
    with Client(with_tokens) as client:
        codes = [client.ask("names", encoded(), key="Key guess").status.code for _ in range(TRIES + 1)]
        assert codes == [11008] * TRIES + [11005]
        assert client.ask("names", encoded(), key=f"Key {PAT}").status.code == 10000, "a valid one is never locked out"
    for token, status in (("guess", 429), (PAT, 200)):
        response = with_tokens.client.get("/api/cameras", headers={"Authorization": f"Bearer {token}"})
        assert response.status_code == status


def test_the_rights_of_a_token_hold_on_both_ports(with_tokens: Served) -> None:
    with Client(with_tokens) as client:
        reply = client.ask("names", encoded(), key="Key only-for-viewing")
        assert (reply.status.code, reply.status.details) == (11007, "this token does not have the right predict")
    headers = {"Authorization": "Key only-for-viewing"}
    response = with_tokens.client.post(PATHS[0], json={"inputs": [json_input(encoded())]}, headers=headers)
    assert (response.status_code, response.json()["status"]["code"]) == (403, 11007)
