"""The gRPC status of each error."""

from __future__ import annotations

import asyncio
import logging
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from types import SimpleNamespace
from typing import Any

import pytest
from grpclib import GRPCError, Status
from grpclib.client import UnaryUnaryMethod
from viam.proto.robot import RobotServiceStub, StartSessionRequest

from pipeline import LimitsConfig
from server import core
from server.viam import calls
from server.viam.messages import GetImageRequest, GetImageResponse

from ..served import Served, limited
from .clients import Clients, asked, refused


def refusal(error: Exception, monkeypatch: pytest.MonkeyPatch) -> tuple[Status, str | None]:
    """Return the answer to a call that raises an error."""

    @asynccontextmanager
    async def received(*arguments: Any) -> AsyncIterator[bytes]:
        raise error
        yield b""

    async def never(request: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(calls, "received_within", received)
    backend: Any = SimpleNamespace(limits=LimitsConfig(), bodies=None)
    with pytest.raises(GRPCError) as raised:
        asyncio.run(calls.unary(backend, never, object)(None))  # type: ignore[arg-type]  # a stream that is not looked at
    return raised.value.status, raised.value.message


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (core.NotFound("x"), Status.NOT_FOUND),
        (core.InvalidRequest("x"), Status.INVALID_ARGUMENT),
        (core.BrokenOff("x"), Status.INVALID_ARGUMENT),
        (core.TooLarge("x"), Status.INVALID_ARGUMENT),
        (core.UnsupportedMedia("x"), Status.INVALID_ARGUMENT),
        (core.Unreadable("x"), Status.INVALID_ARGUMENT),
        (core.Unsupported("x"), Status.UNIMPLEMENTED),
        (core.ModelUnavailable("x"), Status.FAILED_PRECONDITION),
        (core.NoFrame("x"), Status.DEADLINE_EXCEEDED),
        (core.TooSlow("x"), Status.DEADLINE_EXCEEDED),
        (core.TooManyRequests("x", 1), Status.RESOURCE_EXHAUSTED),
        (core.Unavailable("x"), Status.RESOURCE_EXHAUSTED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_has_its_status(error: core.RequestError, status: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(error, monkeypatch) == (status, "x")


def test_only_the_log_has_the_details_of_a_bug(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sentence = "the server failed at this request; its log says how"
    assert refusal(KeyError("a secret"), monkeypatch) == (Status.INTERNAL, sentence)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]


def test_unsupported_calls_are_explained(served: Served) -> None:
    for ask, sentence in (
        (
            lambda there: RobotServiceStub(there.channel).StartSession(StartSessionRequest()),
            "camweave has no sessions: it moves nothing that would have to stop",
        ),
        (lambda there: there.camera("still").do_command({"a": 1}), "cameras have no commands"),
        (
            lambda there: there.camera("still").get_point_cloud(),
            "camera still has no point cloud: it needs depth and intrinsic parameters",
        ),
    ):
        assert refused(served, ask) == (Status.UNIMPLEMENTED, sentence)


@pytest.mark.parametrize(
    ("path", "more"),
    [
        ("/viam.component.arm.v1.ArmService/GetEndPosition", ""),
        ("/viam.component.camera.v1.CameraService/RenderFrame", ""),
        ("/proto.stream.v1.StreamService/ListStreams", "; live video is WebRTC, at /whep/ and the camera's name"),
        ("/" + "x" * 300, ""),
    ],
)
def test_the_refusal_of_an_unknown_method_is_explained(served: Served, path: str, more: str) -> None:
    async def call(there: Clients) -> None:
        await UnaryUnaryMethod[Any, Any](there.channel, path, GetImageRequest, GetImageResponse)(GetImageRequest())

    assert refused(served, call) == (Status.UNIMPLEMENTED, f"camweave does not support {path[:200]}{more}")


def test_a_request_that_is_too_large_is_not_read(served: Served) -> None:
    head = struct.pack(">?I", False, 2**32 - 1)
    assert refused(served, lambda there: there.send(head + b"x" * 1000, end=False)) == (
        Status.INVALID_ARGUMENT,
        "a request must be under 21 MB",
    )


@pytest.mark.parametrize(
    ("data", "status", "sentence"),
    [
        (b"", Status.INVALID_ARGUMENT, "the request is missing"),
        (b"\0\0", Status.INVALID_ARGUMENT, "the request ended early"),
        (struct.pack(">?I", False, 9) + b"abc", Status.INVALID_ARGUMENT, "the request ended early"),
        (struct.pack(">?I", False, 2) + b"\x0a\x09", Status.INVALID_ARGUMENT, "the request cannot be read"),
        (struct.pack(">?I", True, 2) + b"\0\0", Status.UNIMPLEMENTED, "compressed requests are not supported"),
    ],
)
def test_malformed_requests_are_refused(served: Served, data: bytes, status: Status, sentence: str) -> None:
    assert refused(served, lambda there: there.send(data)) == (status, sentence)
    assert asked(served, lambda there: there.camera("still").get_images())


def test_a_slow_request_is_refused(served: Served) -> None:
    for data in (b"\0", struct.pack(">?I", False, 9) + b"abc"):
        with limited(served, body_idle_s=0.1):
            assert refused(served, lambda there, sent=data: there.send(sent, end=False)) == (  # type: ignore[misc]
                Status.DEADLINE_EXCEEDED,
                "the request arrived too slowly",
            )
