"""What Viam's clients are told of each kind of error."""

import asyncio
import logging
from typing import Any

import pytest
from grpclib import GRPCError, Status

from server import core
from server.viam import calls


def refusal(error: Exception, monkeypatch: pytest.MonkeyPatch) -> tuple[Status, str | None]:
    """Give what a call answers whose request raises an error."""

    async def received(stream: Any, request_type: type[Any]) -> Any:
        raise error

    async def never(request: Any) -> Any:
        raise AssertionError

    monkeypatch.setattr(calls, "_received", received)
    with pytest.raises(GRPCError) as raised:
        asyncio.run(calls.unary(never, object)(None))  # type: ignore[arg-type]  # a stream that is not looked at
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
        (core.Unavailable("x"), Status.RESOURCE_EXHAUSTED),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_meaning_has_its_status(error: core.RequestError, status: Status, monkeypatch: pytest.MonkeyPatch) -> None:
    assert refusal(error, monkeypatch) == (status, "x")


def test_a_mistake_of_ours_is_told_by_the_log_alone(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    sentence = "the server failed at this request; its log says how"
    assert refusal(KeyError("a secret"), monkeypatch) == (Status.INTERNAL, sentence)
    assert [record.levelno for record in caplog.records] == [logging.ERROR]
