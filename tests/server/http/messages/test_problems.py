"""The HTTP status and headers of each error."""

from collections.abc import Iterator

import pytest

from server import core
from server.http.messages.problems import STATUS, document, headers_of

from ...served import Served, problem

RETRY = "Retry-After"


@pytest.mark.parametrize(
    ("error", "status", "headers"),
    [
        (core.BrokenOff("x"), 400, {}),
        (core.InvalidRequest("x"), 400, {}),
        (core.Unsupported("x"), 400, {}),
        (core.MissingToken(), 401, {"WWW-Authenticate": "Bearer"}),
        (core.WrongToken(), 401, {"WWW-Authenticate": "Bearer"}),
        (core.Forbidden("x"), 403, {}),
        (core.NotFound("x"), 404, {}),
        (core.TooSlow("x"), 408, {"Connection": "close"}),
        (core.TooLarge("x"), 413, {}),
        (core.DownloadTooLarge("x"), 413, {}),
        (core.UnsupportedMedia("x"), 415, {}),
        (core.Unreadable("x"), 422, {}),
        (core.InvalidUrl("x"), 422, {}),
        (core.Unreachable("x"), 422, {}),
        (core.TooManyTokens(6.1, "from this address"), 429, {RETRY: "7"}),
        (core.Unavailable("x"), 503, {RETRY: "1"}),
        (core.NoFrame("x"), 503, {RETRY: "5"}),
        (core.ModelUnavailable("x"), 503, {RETRY: "30"}),
    ],
    ids=lambda value: type(value).__name__,
)
def test_each_error_has_its_status_and_headers(error: core.RequestError, status: int, headers: dict[str, str]) -> None:
    assert (document(error)["status"], document(error)["detail"]) == (status, error.detail)
    assert headers_of(error) == headers


def test_every_error_has_a_status() -> None:
    def below(kind: type[core.RequestError]) -> Iterator[type[core.RequestError]]:
        for inner in kind.__subclasses__():
            yield inner
            yield from below(inner)

    ours = [kind for kind in below(core.RequestError) if kind.__module__.startswith("server.core")]
    assert len(ours) > 15
    assert [kind for kind in ours if not set(kind.__mro__) & set(STATUS)] == []


def test_the_response_to_a_bug_reveals_no_details(served: Served, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(name: str) -> int:
        raise RuntimeError("/srv/secret")

    monkeypatch.setattr(served.running.backend.whep, "sessions", fail)
    assert problem(served.client.get("/api/cameras")) == (500, "the server failed at this request; its log says how")
